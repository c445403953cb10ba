"""An account's statement: every movement of its credits, with the balance after it."""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from oslira_shared.errors import OsliraError

# The largest position that the column holds.
_MOST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Transaction:
    """One movement. Positions count an account's movements from 1, without gaps.

    `kind` is grant, hold, settle, spend, expire, revoke, freeze or thaw; `type` is the caller's word for it, such as a grant's source.
    `change` is of what can be spent, `spent` what was used up by it; `available`, `held`, `frozen` and `debt` are the balances
    after it. `hold_id` is the run or bulk that a hold or settlement is of.
    """

    transaction_id: UUID
    position: int
    kind: str
    type: str
    description: str | None
    change: int
    spent: int
    available: int
    held: int
    frozen: int
    debt: int
    hold_id: UUID | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Span:
    """Movements since `start` and before `end`; None: as far as there are any."""

    start: datetime | None = None
    end: datetime | None = None


ALWAYS: Final = Span()


def cursor_after(transaction: Transaction) -> str:
    """Where the next page begins. It names a place in the caller's own statement, it grants nothing."""
    return base64.urlsafe_b64encode(str(transaction.position).encode()).decode()


def position_of(cursor: str) -> int:
    """Raises OsliraError `invalid_request` for anything that cursor_after() didn't make."""
    try:
        position = int(
            base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True).decode("ascii")
        )
    except (ValueError, binascii.Error) as error:
        raise OsliraError("invalid_request", "The cursor is not one that a list returned.") from error
    if not 1 <= position <= _MOST:
        raise OsliraError("invalid_request", "The cursor is not one that a list returned.")
    return position
