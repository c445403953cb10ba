"""Whether the books add up: each difference named with its ids, none mended. Needs SELECT only, as credits_service."""

from oslira_credits.domain.difference import Difference
from oslira_credits.infrastructure.audit.books import differences_of_books
from oslira_credits.infrastructure.audit.ledger import differences

__all__ = ["Difference", "differences", "differences_of_books"]
