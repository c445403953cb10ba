"""Rows as use cases see them, and what a committed change must tell the world."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from oslira_shared.work import Claim


@dataclass(frozen=True, slots=True)
class Run:
    """One analysis of one profile for one business. Prices in credits; `max_age_s` is how old its profile may be.

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
    # How often it started over because its profile was gone, and for how long its suppliers have kept it waiting.
    requeues: int = 0
    snoozed_for_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Scrape:
    """The scrape of a profile, shared by all runs that wait for it. `cost_nano_usd`: of the actor's runs that failed so far.

    `age_s` counts from the intent, `snoozed_for_s` from when the scraper first could not serve it; 0 without one. `starts`:
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
    """A claimed scrape. Times of its scrape are by Postgres's clock, at the claim."""

    claim: Claim
    scrape: Scrape


@dataclass(frozen=True, slots=True)
class Hint:
    """A row to look at: published after the commit that made it due."""

    subject: str
    row_id: UUID
    state: str
    attempt: int


@dataclass(slots=True)
class Effects:
    """What to announce after a commit. `runs` are full rows, for progress and for endings.

    `is_fenced`: nothing was committed, since the claim had been taken away.
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
    """A business profile in one of its versions."""

    version: int
    context: dict[str, Any]


@dataclass(frozen=True, slots=True)
class LeadCard:
    """What lists of leads show of the profile beside its name and score. Contact data is as the profile publishes it."""

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
    """What a completed run leaves behind: an analysis, and a lead unless it will be forgotten. `score` 0–100."""

    card: LeadCard
    score: int
    result: dict[str, Any]
    prompt_version: str
    business_version: int


@dataclass(frozen=True, slots=True)
class Draft:
    """What a drafting run leaves behind: nothing is saved as a business profile before its owner does so."""

    result: dict[str, Any]
    prompt_version: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What one request used. `state`: answered, refused, cut_short or failed. Tokens are None when nothing came back.

    `input_tokens` includes `cached_tokens`; the cost is in billionths of a dollar. `error` says why an answer can't be used.
    """

    state: str
    duration_ms: int
    input_tokens: int | None = None
    cached_tokens: int | None = None
    output_tokens: int | None = None
    cost_nano_usd: int | None = None
    error: str | None = None
