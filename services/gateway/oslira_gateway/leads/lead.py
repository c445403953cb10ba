"""A lead as the API shows it, and one analysis of its history."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from oslira_shared.contracts.analysis.v1 import AnalysisType


@dataclass(frozen=True, slots=True)
class Lead:
    """A profile that was analysed for a business. `score` (0 to 100) and `type` are of its newest analysis."""

    lead_id: UUID
    business_profile_id: UUID
    username: str
    full_name: str | None
    followers: int | None
    category: str | None
    score: int
    type: AnalysisType
    analysed_at: datetime
    created_at: datetime


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
