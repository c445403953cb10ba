"""A lead as the API shows it, and one analysis of its history."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from oslira_shared.contracts.analysis.v1 import AnalysisType, FollowerTier


@dataclass(frozen=True, slots=True)
class Lead:
    """A profile that was analysed for a business. `score` (0 to 100), `type` and `summary` are of its newest analysis.

    `links`, `emails` and `phones` are what the profile publishes, as it writes them; `tier` is by its followers. `avatar_url` shows
    the picture without a token for some minutes; null when there is none. `summary`, `tier` and `is_verified` are null where the lead
    was last analysed before they were kept.
    """

    lead_id: UUID
    business_profile_id: UUID
    username: str
    full_name: str | None
    followers: int | None
    tier: FollowerTier | None
    category: str | None
    is_verified: bool | None
    links: list[str]
    emails: list[str]
    phones: list[str]
    score: int
    type: AnalysisType
    summary: str | None
    analysed_at: datetime
    created_at: datetime
    avatar_url: str | None = None


@dataclass(frozen=True, slots=True)
class LeadAnalysis:
    """One analysis of a lead. `business_profile_version` is what the business said then; null: before versions were kept.

    `result` differs by `type`, and is shown as it was stored.
    """

    analysis_id: UUID
    run_id: UUID
    type: AnalysisType
    score: int
    business_profile_version: int | None
    result: dict[str, Any]
    created_at: datetime
