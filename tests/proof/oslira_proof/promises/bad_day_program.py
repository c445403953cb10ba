"""The bad day as a table: who orders what, and what goes wrong when. Durations are those of the day, before compression."""

from dataclasses import dataclass
from typing import Any, Final, Literal

Disturbance = Literal["bus wiped", "bus hangs", "postgres restarted", "s3 hangs", "s3 drips"]
Rule = dict[str, Any]

# Names that a supplier fails for as long as the day lasts: their runs fail, are not charged, and cost at most five starts.
DOOMED: Final = "doomed"
# The phase that waiting times are compared with.
ORDINARY: Final = "ordinary"


@dataclass(frozen=True, slots=True)
class Phase:
    """`rules` are simulator faults with times in the day's seconds, lifted when the phase ends; doomed ones stay.

    Where `names` are given, the rules hit these alone, and the customers who aren't calm order some of them; a good phase
    follows, in which the calm one's last run ends.
    """

    title: str
    minutes: float
    rules: tuple[Rule, ...] = ()
    disturbance: Disturbance | None = None
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Customer:
    """Orders one run every `every_s`, its kinds in turn, or a bulk of so many light ones; cancels one in `cancels_every`."""

    name: str
    plan: str
    every_s: float
    kinds: tuple[str, ...] = ("light",)
    bulk: int = 0
    cancels_every: int = 0
    is_calm: bool = False


@dataclass(frozen=True, slots=True)
class Day:
    """`factor` divides every duration: those of suppliers, time limits, budgets and phases."""

    phases: tuple[Phase, ...]
    customers: tuple[Customer, ...]
    factor: float

    @property
    def minutes(self) -> float:
        return sum(phase.minutes for phase in self.phases)


def _rule(provider: str, kind: str, **details: Any) -> Rule:
    return {"provider": provider, "kind": kind, **details}


def _apify(kind: str, **details: Any) -> Rule:
    return _rule("apify", kind, **details)


def _openai(kind: str, **details: Any) -> Rule:
    return _rule("openai", kind, **details)


def _claude(kind: str, **details: Any) -> Rule:
    return _rule("anthropic", kind, **details)


def _limits(provider: str) -> Rule:
    return _rule(provider, "status", status=429, retry_after_s=30)


# Read in this order, each by its own dice: about a quarter of the scrapes isn't what was asked for.
_APIFY_LIES: Final = (
    _apify("other_item", rate=0.08),
    _apify("blocked_items", rate=0.08),
    _apify("login_wall", rate=0.05),
    _apify("run_failed", rate=0.05),
    _apify("aborted_by_platform", rate=0.05),
    _apify("run_missing_once", rate=0.1, delay_s=5),
    _apify("malformed", rate=0.05, path="/v2/actor-runs"),
)
# What can be read all the same, and what has to be paid for again: that is in six calls of a hundred.
_ODD_ANSWERS: Final = (
    ("fenced", 0.15),
    ("doubled", 0.1),
    ("parts", 0.1),
    ("text_numbers", 0.05),
    ("no_usage", 0.05),
    ("half_emoji", 0.05),
    ("nul", 0.05),
    ("error_body_200", 0.05),
)
_USELESS_ANSWERS: Final = ("apology", "malformed", "null_content")
_USELESS_SHARE: Final = 0.02


def _lies(provider: str, *, useless_at_most: int | None = None) -> tuple[Rule, ...]:
    odd = (_rule(provider, kind, rate=rate) for kind, rate in _ODD_ANSWERS)
    useless = (_rule(provider, kind, rate=_USELESS_SHARE, times=useless_at_most) for kind in _USELESS_ANSWERS)
    return (*useless, *odd)


_DOOMED_RULES: Final = (
    _apify("run_failed", username=f"{DOOMED}.fails.*"),
    _apify("run_never_ends", username=f"{DOOMED}.never.ends.*", delay_s=3),
    _apify("other_item", username=f"{DOOMED}.other.*"),
    _apify("blocked_items", username=f"{DOOMED}.blocked.*"),
)
_DOOMED_NAMES: Final = tuple(f"{DOOMED}.{what}" for what in ("fails", "never.ends", "other", "blocked"))
_WELL: Final = Phase("all well again", 1)

_CUSTOMERS: Final = (
    Customer("calm", "pro", every_s=12, kinds=("light", "deep"), is_calm=True),
    Customer("busy", "enterprise", every_s=10, kinds=("light", "deep", "light", "xray")),
    Customer("doubtful", "growth", every_s=30, cancels_every=2),
    Customer("small", "free", every_s=60),
    Customer("lists", "agency", every_s=300, bulk=20),
)

FULL_DAY: Final = Day(
    phases=(
        Phase("first requests", 1),
        Phase(ORDINARY, 5),
        Phase("names whose scrape never succeeds", 3, _DOOMED_RULES, names=_DOOMED_NAMES),
        _WELL,
        Phase("OpenAI hangs for some names", 2, (_openai("hang", username="odd.*"),), names=("odd",)),
        Phase(
            "Apify drips or limits for some names",
            2,
            (
                _apify("drip", username="odd.drips.*", path="/v2/act"),
                _rule("apify", "status", status=429, retry_after_s=30, username="odd.limited.*"),
            ),
            names=("odd.drips", "odd.limited"),
        ),
        _WELL,
        Phase("Apify down", 8, (_apify("drop"),)),
        _WELL,
        Phase("Apify slow", 1.5, (_apify("slow", delay_s=10),)),
        Phase("Apify drips", 1.5, (_apify("drip"),)),
        Phase("Apify limits", 1.5, (_limits("apify"),)),
        Phase("Apify out of memory", 0.5, (_apify("memory_limit"),)),
        Phase("Apify lies", 2, _APIFY_LIES),
        _WELL,
        Phase("OpenAI down", 1.5, (_openai("status", status=503),)),
        Phase("OpenAI slow", 1.5, (_openai("slow", delay_s=20),)),
        Phase("OpenAI drips", 1.5, (_openai("drip"),)),
        Phase("OpenAI limits", 1.5, (_limits("openai"),)),
        Phase("OpenAI lies", 2, _lies("openai")),
        # The engine leaves such an account alone for a real minute: the phase after it must not need OpenAI.
        Phase("OpenAI out of quota", 0.5, (_openai("insufficient_quota"),)),
        Phase("both models down", 8, (_openai("status", status=503), _claude("drop"))),
        _WELL,
        Phase("both models limit", 1.5, (_limits("openai"), _limits("anthropic"))),
        Phase("OpenAI down, Claude drips", 1, (_openai("drop"), _claude("drip"))),
        Phase("OpenAI down, Claude lies", 1.5, (_openai("drop"), *_lies("anthropic"))),
        _WELL,
        Phase("bus wiped", 1, disturbance="bus wiped"),
        Phase("bus hangs", 0.5, disturbance="bus hangs"),
        Phase("Postgres restarted", 1, disturbance="postgres restarted"),
        Phase("S3 hangs", 1.5, disturbance="s3 hangs"),
        Phase("S3 drips", 0.5, disturbance="s3 drips"),
        _WELL,
    ),
    customers=_CUSTOMERS,
    factor=6.0,
)
SHORT_DAY: Final = Day(
    phases=(
        Phase("first requests", 1),
        Phase(ORDINARY, 3),
        Phase("names whose scrape never succeeds", 2, _DOOMED_RULES, names=_DOOMED_NAMES),
        _WELL,
        Phase("OpenAI lies", 1, _lies("openai", useless_at_most=1)),
        Phase("OpenAI drips", 0.5, (_openai("drip"),)),
        Phase("Apify down", 1.5, (_apify("drop"),)),
        Phase("Apify limits", 1, (_limits("apify"),)),
        Phase("both models down", 1, (_openai("status", status=503), _claude("drop"))),
        Phase("bus wiped", 0.5, disturbance="bus wiped"),
        Phase("Postgres restarted", 0.5, disturbance="postgres restarted"),
        Phase("S3 hangs", 1, disturbance="s3 hangs"),
        _WELL,
    ),
    customers=(
        Customer("calm", "pro", every_s=15, kinds=("light", "deep"), is_calm=True),
        Customer("busy", "enterprise", every_s=30, kinds=("light", "deep", "xray")),
        Customer("doubtful", "growth", every_s=60, cancels_every=2),
        Customer("small", "free", every_s=90),
        Customer("lists", "agency", every_s=360, bulk=10),
    ),
    factor=12.0,
)
