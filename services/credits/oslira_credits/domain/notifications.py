"""Notifications about an account: written in the transaction that causes them, published after it."""

from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from oslira_credits.domain.amounts import Credits


@dataclass(frozen=True, slots=True)
class GrantMade:
    """Credits were granted, from any source."""

    notice_id: UUID
    account_id: UUID
    grant_id: UUID
    amount: Credits
    source: str


@dataclass(frozen=True, slots=True)
class BalanceFell:
    """The available credits fell below the threshold. Published once, and again only after they had risen to it."""

    notice_id: UUID
    account_id: UUID
    available: Credits
    threshold: Credits


Notification: TypeAlias = GrantMade | BalanceFell
