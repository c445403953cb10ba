"""What a run did and what it took: credits held and settled, each scrape and model call, and when each step began."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from oslira_shared.contracts.analysis.v1 import RunStatus, RunType


@dataclass(frozen=True, slots=True)
class Settlement:
    """Of one run's price: `held` until it is settled, then `charged` and `released`; together they are the price.

    `hold_id` is the run's own or its bulk's; a bulk's hold is settled as one when the bulk has ended.
    """

    hold_id: UUID
    price_credits: int
    held: int
    charged: int
    released: int
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Step:
    """A state the run was in; the last one has no duration."""

    step: RunStatus
    started_at: datetime
    duration_ms: int | None


@dataclass(frozen=True, slots=True)
class ScrapeLine:
    """`source`: scraped for this run, shared with another run (which pays for it), or the cache."""

    source: Literal["own", "shared", "cache"]
    outcome: Literal["fetched", "unavailable", "failed", "aborted"] | None
    attempts: int
    started_at: datetime | None
    ended_at: datetime | None
    cost_usd: str | None


@dataclass(frozen=True, slots=True)
class CallLine:
    """One request to a model, also one that failed, was refused or cut short. `cost_usd`: operators only."""

    call: str
    attempt: int
    provider: str
    model: str
    prompt_version: str
    state: Literal["booked", "answered", "refused", "cut_short", "failed"]
    input_tokens: int | None
    cached_tokens: int | None
    output_tokens: int | None
    duration_ms: int | None
    requested_at: datetime
    cost_usd: str | None


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over calls and scrape. They stay when the calls' own lines have expired.

    For operators only: `cost_usd`, and `margin_usd`, the credits charged at the price of a credit less that cost; null until
    the run is settled.
    """

    calls: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    cost_usd: str | None
    margin_usd: str | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """`has_detail` is false once the calls' lines have expired: then the totals are all there is.

    `is_new_lead`: whether this run made its lead, or found it. `scrape` is for operators only: it may be another account's.
    """

    run_id: UUID
    bulk_id: UUID | None
    type: RunType
    username: str | None
    status: RunStatus
    created_at: datetime
    finished_at: datetime | None
    credits: Settlement
    steps: list[Step]
    scrape: ScrapeLine | None
    calls: list[CallLine]
    totals: Totals
    has_detail: bool
    lead_id: UUID | None = None
    is_new_lead: bool | None = None

    def for_members(self) -> "Receipt":
        """Without dollars, and without the scrape: a shared or cached one would show that others analyse the profile."""
        return replace(
            self,
            scrape=None,
            calls=[replace(line, cost_usd=None) for line in self.calls],
            totals=replace(self.totals, cost_usd=None, margin_usd=None),
        )
