"""Whether the books add up: each difference named with its ids, none mended. Needs SELECT only, as credits_service."""

from oslira_credits.domain.difference import Difference
from oslira_credits.infrastructure.audit.compare_services import ledger_differences
from oslira_credits.infrastructure.audit.ledger import differences

__all__ = ["Difference", "differences", "ledger_differences"]
