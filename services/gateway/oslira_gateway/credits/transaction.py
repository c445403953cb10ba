"""An account's statement: every movement of its credits, with the balance after it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

TransactionKind = Literal["grant", "hold", "settle", "spend", "expire", "revoke", "freeze", "thaw"]


@dataclass(frozen=True, slots=True)
class Transaction:
    """One movement. Positions count an account's movements from 1, without gaps.

    `type` is the caller's word for it, such as a grant's source.
    `change` is of what can be spent, `spent` what was used up by it; `available`, `held`, `frozen` and `debt` are the balances
    after it. `hold_id` is the run or bulk that a hold or settlement is of.
    """

    transaction_id: UUID
    position: int
    kind: TransactionKind
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
