"""A bulk keeps to the fleet's scrape slots, and is nearly as fast as those slots allow."""

from dataclasses import dataclass

from oslira_proof.people import Person, eventually
from oslira_proof.promises.draws import ProviderTime, batches_s, best_possible_s, provider_times
from oslira_proof.promises.finding import Finding, Tick, no_tick
from oslira_proof.promises.stage import Stage

SLOTS = 10
PROMISED_RATIO = 1.10
_BULK = "select extract(epoch from finished_at - created_at)::float8 from analysis.bulks where id = $1"


@dataclass(frozen=True, slots=True)
class Bulk:
    """`took_s` from the bulk's row to the end of its last run; `most_at_once` scrapes by the simulator's own count."""

    count: int
    completed: int
    took_s: float
    most_at_once: int
    times: list[ProviderTime]

    @property
    def best_s(self) -> float:
        """On the same draws: scrapes on ten slots in the order in which they started, then calls without a limit."""
        return best_possible_s(self.times, slots=SLOTS)


async def measure_bulk(
    on: Stage, user: Person, *, count: int, prefix: str = "many", tick: Tick = no_tick
) -> tuple[list[Finding], Bulk]:
    """Forgets the simulators' counts before. The user's plan must allow more runs at once than there are slots."""
    await on.simulators.reset(only=["counters", "draws"])
    names = [f"{prefix}.{number}" for number in range(count)]
    accepted = await user.client.make_bulk(names, business_profile_id=user.who.business_profile_id)

    async def ended() -> int | None:
        bulk = await user.client.read_bulk(accepted["bulk_id"])
        counts = bulk["counts"]
        tick(count - counts["waiting"] - counts["running"], count)
        return counts["completed"] if bulk["status"] != "running" and not bulk["credits"]["held"] else None

    completed = await eventually(ended, timeout_s=900)
    took_s = await on.analysis.fetchval(_BULK, accepted["bulk_id"])
    most = (await on.simulators.counters())["apify"]["max_running"]
    found = Bulk(count, completed, took_s, most, await provider_times(on.simulators, names))
    return _findings(found), found


def _findings(bulk: Bulk) -> list[Finding]:
    best_s, sequential_s = bulk.best_s, batches_s(bulk.times, size=SLOTS)
    details = {
        "took_s": bulk.took_s,
        "best_possible_s": best_s,
        "batches_of_ten_s": sequential_s,
        "completed": bulk.completed,
    }
    return [
        Finding(
            f"bulk of {bulk.count} on two replicas: scrapes at once",
            f"<= {SLOTS}",
            str(bulk.most_at_once),
            bulk.most_at_once <= SLOTS,
        ),
        Finding(
            f"bulk of {bulk.count}: wall time over the best possible on the same draws",
            f"<= {PROMISED_RATIO:.2f}",
            f"{bulk.took_s / best_s:.3f} ({bulk.took_s:.1f} s, best possible {best_s:.1f} s, "
            f"batches of ten {sequential_s:.1f} s; {bulk.completed} completed)",
            bulk.took_s <= PROMISED_RATIO * best_s and bulk.completed == bulk.count,
            details,
        ),
    ]
