"""An account's statement: every movement of its credits, with the balance after it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

TransactionKind = Literal["grant", "hold", "settle", "spend", "expire", "revoke", "freeze", "thaw"]


@dataclass(frozen=True, slots=True)
class Transaction:
    """One movement. Positions count an account's movements from 1, without gaps.

    `type` is the caller's name for it, such as a grant's source. `change` is the change of what can be spent, `spent` what it used
    up; `available`, `held`, `frozen` and `debt` are the balances after it. `hold_id` is the run or bulk of a hold or settlement.
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
    """Movements since `start` and before `end`; None: without that bound."""

    start: datetime | None = None
    end: datetime | None = None


ALWAYS: Final = Span()
