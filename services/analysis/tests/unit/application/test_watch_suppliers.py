"""All processes see a reported outage, and one of them detects the recovery."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from oslira_analysis.application.watch_suppliers import REPORTED_FOR_S, Supplier, WatchSuppliers
from oslira_analysis.domain.breaker import Breaker, BreakerLimits, Hold


@dataclass
class MemoryOutages:
    """Implements Outages in memory."""

    rows: dict[str, Hold] = field(default_factory=dict[str, Hold])
    probes: int = 0
    brought_forward: list[tuple[int, float]] = field(default_factory=list[tuple[int, float]])

    async def read(self) -> Mapping[str, Hold]:
        return dict(self.rows)

    async def report(self, supplier: str, hold: Hold) -> None:
        self.rows[supplier] = hold

    async def clear(self, supplier: str) -> None:
        self.rows.pop(supplier, None)

    async def reschedule_snoozed(self, supplier: str, *, most: int, within_s: float) -> None:
        assert supplier == "apify"
        self.brought_forward.append((most, within_s))

    async def take_probe(self, supplier: str, *, every_s: float) -> bool:  # noqa: ARG002
        self.probes += 1
        return True


class Process:
    """One replica's watch over a supplier that is down until it `is_well`."""

    def __init__(self, outages: MemoryOutages) -> None:
        self.now_s = 0.0
        self.is_well = False
        self.breaker = Breaker(BreakerLimits(failures=1))
        self.watch = WatchSuppliers(
            [Supplier("apify", self.breaker, self.probe)],
            outages,
            clock_s=lambda: self.now_s,
            probe_every_s=5,
        )

    async def probe(self) -> None:
        if not self.is_well:
            raise ConnectionError

    def state(self) -> str:
        return self.breaker.state(self.now_s)


async def test_an_outage_is_reported_probed_and_ended_for_all_processes() -> None:
    outages = MemoryOutages()
    first, second = Process(outages), Process(outages)
    first.breaker.failed(0, "outage: 503")
    await first.watch()
    assert outages.rows["apify"].reason == "outage: 503"
    await second.watch()
    assert second.state() == "open"
    assert outages.rows["apify"].left_s == REPORTED_FOR_S  # its probe failed: the outage goes on
    second.is_well = True
    await second.watch()
    assert outages.rows == {}
    await first.watch()
    assert (first.state(), second.state()) == ("half_open", "half_open")
    first.breaker.succeeded(0)
    await first.watch()
    assert outages.rows == {}


async def test_an_outage_that_is_not_renewed_ends() -> None:
    outages = MemoryOutages({"apify": Hold("outage: 503", is_outage=True, left_s=20)})
    process = Process(outages)
    await process.watch()
    assert process.state() == "open"
    outages.rows.clear()
    await process.watch()
    assert process.state() == "half_open"


async def test_neither_a_limit_nor_a_refused_key_is_probed() -> None:
    for hold in (Hold("limited: 429", is_outage=False, left_s=20), Hold("key_refused: 401", True, 20)):
        outages = MemoryOutages({"apify": hold})
        process = Process(outages)
        process.is_well = True
        await process.watch()
        assert not process.breaker.allows(0)
        assert (outages.probes, outages.rows) == (0, {"apify": hold})


async def test_what_is_known_to_last_longer_here_stays() -> None:
    outages = MemoryOutages({"apify": Hold("limited: 429", is_outage=False, left_s=3)})
    process = Process(outages)
    process.breaker.hold(0, Hold("limited: 429", is_outage=False, left_s=60))
    await process.watch()
    assert process.breaker.held(0) == Hold("limited: 429", is_outage=False, left_s=60)


async def recovered(*processes: Process, outages: MemoryOutages) -> None:
    """Down for all of them, until a probe of the first is answered."""
    processes[0].breaker.failed(0, "outage: 503")
    for process in processes:
        await process.watch()
    outages.brought_forward.clear()
    processes[0].is_well = True
    await processes[0].watch()
    for process in processes:
        await process.watch()


async def test_a_few_tasks_are_tried_at_once_and_the_others_follow_a_request_that_succeeded() -> None:
    outages = MemoryOutages()
    first, second = Process(outages), Process(outages)
    await recovered(first, second, outages=outages)
    assert outages.brought_forward == [(5, 0)]
    second.breaker.succeeded(0)
    for process in (first, second, second):
        await process.watch()
    assert outages.brought_forward == [(5, 0), (500, 10)]


async def test_a_supplier_that_answers_only_its_probe_does_not_get_the_backlog() -> None:
    outages = MemoryOutages()
    process = Process(outages)
    await recovered(process, outages=outages)
    process.is_well = False
    process.breaker.failed(0, "outage: 503")
    for _ in range(3):
        await process.watch()
    assert outages.brought_forward == [(5, 0)]


async def test_a_limit_that_is_over_brings_nothing_forward() -> None:
    outages = MemoryOutages({"apify": Hold("limited: 429", is_outage=False, left_s=3)})
    process = Process(outages)
    await process.watch()
    outages.rows.clear()
    process.now_s = 4
    for _ in range(2):
        await process.watch()
    assert outages.brought_forward == []
