"""Failed work, for operators: without names, texts of a profile, or message bodies."""

from typing import Any, Final
from uuid import UUID

from pydantic import AwareDatetime, Field

from oslira_shared.contracts.base import Contract
from oslira_shared.contracts.run_errors import Cause

# Analysis: runs. Billing: Stripe's events.
OWNERS: Final = ("analysis", "billing")
MOST_ITEMS: Final = 201


def list_failed_subject(owner: str) -> str:
    """The subject for a list of a service's failed work. Takes `FailedQuery`, answers `FailedList`."""
    return f"{owner}.rpc.list_failed"


def show_failed_subject(owner: str) -> str:
    """The subject for one of them. Takes `FailedRequest`, answers `FailedDetail`; error: not_found."""
    return f"{owner}.rpc.show_failed"


class FailedQuery(Contract):
    """The newest `limit`, after (`before_at`, `before_id`); optionally of an account or with a code.

    `is_verdict`: only final verdicts, or only faults (contracts/run_errors.py); None: both.
    """

    limit: int = Field(ge=1, le=MOST_ITEMS)
    before_at: AwareDatetime | None = None
    before_id: UUID | None = None
    account_id: UUID | None = None
    code: str | None = None
    is_verdict: bool | None = None


class FailedItem(Contract):
    """`kind`: run or webhook. `code`: a run's error, an event's type. `at`: when it ended, or was received.

    `cause`: ours, supplier or verdict.
    """

    kind: str
    id: UUID
    account_id: UUID | None
    at: AwareDatetime
    attempts: int
    code: str
    detail: str
    cause: str = Cause.OURS


class FailedList(Contract):
    """Newest first."""

    items: list[FailedItem]


class FailedRequest(Contract):
    """One, by its id."""

    id: UUID


class FailedDetail(Contract):
    """`kept`: the values that the service stores of it."""

    item: FailedItem
    kept: dict[str, Any]
