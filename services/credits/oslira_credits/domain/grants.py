"""Where credits come from, which of them go first, and where released ones return to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from oslira_credits.domain.amounts import Credits

_NEVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Grant:
    """What is left of a portion of credits with one origin. A lower `priority` goes first among grants that expire together."""

    grant_id: UUID
    source: str
    granted: Credits
    available: Credits
    priority: int
    created_at: datetime
    expires_at: datetime | None = None

    def is_live(self, now: datetime) -> bool:
        """Whether its credits can still be spent."""
        return self.expires_at is None or self.expires_at > now


@dataclass(frozen=True, slots=True)
class Part:
    """What a hold has of one grant."""

    grant_id: UUID
    amount: Credits


@dataclass(frozen=True, slots=True)
class Share:
    """What becomes of one part of a hold when it is settled."""

    grant_id: UUID
    captured: Credits
    released: Credits


def soonest_first(grants: Iterable[Grant], now: datetime) -> list[Grant]:
    """Live grants in the order they are drawn: soonest-expiring, then by priority, then the oldest."""
    return sorted(
        (grant for grant in grants if grant.is_live(now)),
        key=lambda grant: (
            grant.expires_at or _NEVER,
            grant.priority,
            grant.created_at,
            grant.grant_id,
        ),
    )


def draw(grants: Iterable[Grant], amount: Credits, now: datetime) -> list[Part]:
    """Take `amount` out of the grants. The caller knows that there is enough (Balance.hold)."""
    parts: list[Part] = []
    for grant in soonest_first(grants, now):
        take = min(grant.available, amount)
        if take > 0:
            parts.append(Part(grant.grant_id, take))
            amount -= take
    return parts


def share_out(parts: Sequence[Part], capture: Credits) -> list[Share]:
    """Capture from the parts in the order they were drawn; what is left of each goes back to its grant."""
    shares: list[Share] = []
    for part in parts:
        captured = min(part.amount, capture)
        capture -= captured
        shares.append(Share(part.grant_id, captured, part.amount - captured))
    return shares
