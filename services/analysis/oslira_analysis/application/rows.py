"""Rows as use cases see them, and what a committed change has to publish."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from oslira_shared.work import Claim


@dataclass(frozen=True, slots=True)
class Run:
    """One analysis of one profile for one business. Prices in credits; `max_age_s` is the maximum age of its profile.

    A draft of a business profile is a run too: it has no business yet, and its `username` is empty.
    """

    run_id: UUID
    account_id: UUID
    business_profile_id: UUID | None
    type: str
    username: str
    max_age_s: int
    attempt: int
    scrape_id: UUID | None
    is_cache_bypassed: bool
    request_id: str | None
    # How often it started over because its profile was lost, and for how long it has waited for suppliers.
    requeues: int = 0
    snoozed_for_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Scrape:
    """The scrape of a profile, shared by all runs that wait for it. `cost_nano_usd`: of the actor's runs that failed so far.

    `age_s` counts from the intent, `snoozed_for_s` from the first failure of the scraper to serve it; 0 without one. `starts`:
    actor runs that were started, or may have been; `overruns`: those of them that had to be aborted.
    """

    scrape_id: UUID
    username: str
    intent_at: datetime | None
    actor_run_id: str | None
    age_s: float
    cost_nano_usd: int
    starts: int
    overruns: int
    snoozed_for_s: float


@dataclass(frozen=True, slots=True)
class RunWork:
    """A claimed run."""

    claim: Claim
    run: Run


@dataclass(frozen=True, slots=True)
class ScrapeWork:
    """A claimed scrape. Its scrape's times are by Postgres's clock, at the claim."""

    claim: Claim
    scrape: Scrape


@dataclass(frozen=True, slots=True)
class Hint:
    """A reference to a due row, published after the commit that made it due."""

    subject: str
    row_id: UUID
    state: str
    attempt: int


@dataclass(slots=True)
class Effects:
    """What to publish after a commit. `runs` are full rows, for progress and for endings.

    `is_fenced`: nothing was committed, because the claim was lost.
    """

    hints: list[Hint] = field(default_factory=list[Hint])
    runs: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    is_fenced: bool = False

    def __add__(self, other: "Effects") -> "Effects":
        return Effects([*self.hints, *other.hints], [*self.runs, *other.runs])


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ends without a result: a stable code and a sentence for its user."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Business:
    """One version of a business profile."""

    version: int
    context: dict[str, Any]


@dataclass(frozen=True, slots=True)
class LeadCard:
    """What lists of leads show of the profile besides its name and score. Contact data is as published."""

    full_name: str
    followers: int | None
    tier: str | None
    category: str | None
    is_verified: bool | None
    links: tuple[str, ...]
    emails: tuple[str, ...]
    phones: tuple[str, ...]
    summary: str


@dataclass(frozen=True, slots=True)
class Finding:
    """The output of a completed run: an analysis, and a lead unless the run is anonymous. `score` 0–100."""

    card: LeadCard
    score: int
    result: dict[str, Any]
    prompt_version: str
    business_version: int


@dataclass(frozen=True, slots=True)
class Draft:
    """The output of a drafting run. Only its owner saves it as a business profile."""

    result: dict[str, Any]
    prompt_version: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What one request used. `state`: answered, refused, cut_short or failed. Tokens are None if there was no answer.

    `input_tokens` includes `cached_tokens`; the cost is in billionths of a dollar. `error` is why an answer is unusable.
    """

    state: str
    duration_ms: int
    input_tokens: int | None = None
    cached_tokens: int | None = None
    output_tokens: int | None = None
    cost_nano_usd: int | None = None
    error: str | None = None
