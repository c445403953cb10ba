"""The audit of the ledger: each difference is reported with its ids, none is repaired. Needs only SELECT, as credits_service."""

from oslira_credits.domain.difference import Difference
from oslira_credits.infrastructure.audit.compare_services import ledger_differences
from oslira_credits.infrastructure.audit.ledger import differences

__all__ = ["Difference", "differences", "ledger_differences"]
