"""Failed work, as its owners tell operators of it: no names, no texts of a profile, no body of anything."""

from typing import Any, Final
from uuid import UUID

from pydantic import AwareDatetime, Field

from oslira_shared.contracts.base import Contract

# Analysis: runs. Billing: Stripe's events.
OWNERS: Final = ("analysis", "billing")
MOST_ITEMS: Final = 201


def list_failed_subject(owner: str) -> str:
    """Where an owner is asked what failed. Takes `FailedQuery`, answers `FailedList`."""
    return f"{owner}.rpc.list_failed"


def show_failed_subject(owner: str) -> str:
    """Where an owner is asked about one. Takes `FailedRequest`, answers `FailedDetail`; error: not_found."""
    return f"{owner}.rpc.show_failed"


class FailedQuery(Contract):
    """The newest so many, those after (`before_at`, `before_id`) in that order; of an account, with a code."""

    limit: int = Field(ge=1, le=MOST_ITEMS)
    before_at: AwareDatetime | None = None
    before_id: UUID | None = None
    account_id: UUID | None = None
    code: str | None = None


class FailedItem(Contract):
    """`kind`: run or webhook. `code`: why a run failed; what kind of event it is. `at`: when it ended, or came."""

    kind: str
    id: UUID
    account_id: UUID | None
    at: AwareDatetime
    attempts: int
    code: str
    detail: str


class FailedList(Contract):
    """Newest first."""

    items: list[FailedItem]


class FailedRequest(Contract):
    """One, by its id."""

    id: UUID


class FailedDetail(Contract):
    """`kept`: the numbers and times that its owner stores."""

    item: FailedItem
    kept: dict[str, Any]
