"""News of an account, made by the transaction that made it so, and told after it."""

from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from oslira_credits.domain.amounts import Credits


@dataclass(frozen=True, slots=True)
class GrantMade:
    """Credits were granted, by whatever path."""

    notice_id: UUID
    account_id: UUID
    grant_id: UUID
    amount: Credits
    source: str


@dataclass(frozen=True, slots=True)
class BalanceFell:
    """What is available fell below the threshold: told once, and again only after it had risen to it."""

    notice_id: UUID
    account_id: UUID
    available: Credits
    threshold: Credits


Notification: TypeAlias = GrantMade | BalanceFell
