"""A lead with values by its number."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from oslira_gateway.leads.lead import Lead
from oslira_shared.contracts.analysis.v1 import AnalysisType, FollowerTier
from oslira_shared.ids import derived_id

NOW: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
BUSINESS: Final = derived_id("business")


def lead(number: int, **changes: Any) -> Lead:
    values: dict[str, Any] = {
        "lead_id": derived_id("lead", number),
        "business_profile_id": BUSINESS,
        "username": f"name.{number:03}",
        "full_name": f"Name {number}",
        "followers": 1_000 * number,
        "tier": FollowerTier.NANO,
        "category": None,
        "is_verified": None,
        "links": [],
        "emails": [],
        "phones": [],
        "score": number % 100,
        "type": AnalysisType.LIGHT,
        "summary": None,
        "analysed_at": NOW - timedelta(hours=number),
        "created_at": NOW - timedelta(days=30),
    }
    return Lead(**values | changes)
