"""A plain model of the ledger, in which each credit is in one place."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

THRESHOLD: Final = 5  # as the migration has it


class Refused(Exception):  # noqa: N818  # says what happened
    """The error of the ledger and of the model."""


@dataclass
class Grant:
    amount: int
    days: int | None
    priority: int
    number: int
    at: Counter[str] = field(default_factory=Counter[str])
    asked: int = 0
    has_expired: bool = False

    @property
    def awaited(self) -> int:
        return self.asked - self.at["revoked"] - self.at["debt"]

    @property
    def order(self) -> tuple[int, int, int]:
        days = -1 if self.has_expired else 99 if self.days is None else self.days
        return days, self.priority, self.number

    def move(self, amount: int, source: str, target: str) -> int:
        """As much of `amount` as `source` has."""
        amount = min(amount, self.at[source])
        self.at[source] -= amount
        self.at[target] += amount
        return amount


class Model:
    def __init__(self) -> None:
        self.grants: dict[int, Grant] = {}
        self.holds: dict[int, tuple[list[tuple[Grant, int]], tuple[int, int] | None]] = {}
        self.revocations: dict[int, tuple[int, int | None]] = {}
        self.freezes: dict[int, tuple[int, bool]] = {}  # key: grant, is open
        self.spends: dict[int, int] = {}
        self.is_low = True
        self.fallen = 0

    def total(self, state: str) -> int:
        return sum(grant.at[state] for grant in self.grants.values())

    @property
    def available(self) -> int:
        return sum(grant.at["available"] for grant in self.grants.values() if not grant.has_expired)

    def watch(self) -> None:
        was_low, self.is_low = self.is_low, self.total("available") < THRESHOLD
        self.fallen += self.is_low and not was_low

    def _is_frozen(self, slot: int) -> bool:
        return any(is_open and of == slot for of, is_open in self.freezes.values())

    def _slot(self, grant: Grant) -> int:
        return next(slot for slot, known in self.grants.items() if known is grant)

    def _release(self, grant: Grant, amount: int, source: str) -> None:
        frozen = self._is_frozen(self._slot(grant))
        grant.move(amount, source, "frozen" if frozen else "expired" if grant.has_expired else "available")

    def grant(self, slot: int, amount: int, days: int | None, priority: int) -> bool:
        if slot in self.grants:
            return False
        debtors = sorted(
            (grant for grant in self.grants.values() if grant.at["debt"]), key=lambda grant: grant.number
        )
        made = self.grants[slot] = Grant(amount, days, priority, len(self.grants))
        made.at["new"] = amount
        for of, asked in self.revocations.values():
            if of == slot:
                made.asked += made.move(amount if asked is None else asked, "new", "revoked")
        for debtor in debtors:
            paid = made.move(debtor.at["debt"], "new", "spent")
            debtor.move(paid, "debt", "revoked")
        self._release(made, amount, "new")
        return True

    def draw(self, amount: int, target: str) -> list[tuple[Grant, int]]:
        if amount > self.available:
            raise Refused("insufficient")
        parts: list[tuple[Grant, int]] = []
        for grant in sorted(self.grants.values(), key=lambda grant: grant.order):
            if not grant.has_expired and amount and (taken := grant.move(amount, "available", target)):
                parts.append((grant, taken))
                amount -= taken
        return parts

    def hold(self, slot: int, amount: int) -> tuple[int, bool]:
        if slot in self.holds:
            parts, settled = self.holds[slot]
            if settled is not None:
                raise Refused("closed")
            return sum(taken for _, taken in parts), False
        self.holds[slot] = (self.draw(amount, "held"), None)
        return amount, True

    def settle(self, slot: int, capture: int) -> tuple[int, int]:
        parts, settled = self.holds.setdefault(slot, ([], (0, 0)))
        if settled is not None:
            return settled
        held = sum(taken for _, taken in parts)
        if capture > held:
            raise Refused("too much")
        left = capture
        for grant, taken in parts:
            captured = grant.move(min(taken, left), "held", "spent")
            left -= captured
            released = taken - captured
            released -= grant.move(min(released, grant.awaited), "held", "revoked")
            self._release(grant, released, "held")
            grant.move(max(0, grant.awaited - grant.at["held"]), "spent", "debt")
        self.holds[slot] = (parts, (capture, held - capture))
        return capture, held - capture

    def spend(self, key: int, amount: int) -> None:
        if self.spends.get(key, amount) != amount:
            raise Refused("another grant")
        if key not in self.spends:
            self.draw(amount, "spent")
            self.spends[key] = amount

    def revoke(self, key: int, slot: int, asked: int | None) -> None:
        if key in self.revocations:
            if self.revocations[key][0] != slot:
                raise Refused("another grant")
            return
        self.revocations[key] = (slot, asked)
        grant = self.grants.get(slot)
        if grant is None:
            return
        left = min(asked or grant.amount, grant.amount - grant.asked)
        awaitable = grant.at["held"] - grant.awaited
        grant.asked += left
        for state in ("available", "frozen", "expired"):
            left -= grant.move(left, state, "revoked")
        grant.move(max(0, left - awaitable), "spent", "debt")

    def freeze(self, key: int, slot: int) -> None:
        known = self.freezes.setdefault(key, (slot, True))
        if known[0] != slot:
            raise Refused("another grant")
        if known[1] and slot in self.grants:
            self.grants[slot].move(99, "available", "frozen")

    def unfreeze(self, key: int, slot: int) -> None:
        if self.freezes.setdefault(key, (slot, False))[0] != slot:
            raise Refused("another grant")
        self.freezes[key] = (slot, False)
        if slot in self.grants:
            grant = self.grants[slot]
            self._release(grant, grant.at["frozen"], "frozen")

    def book_out(self) -> None:
        for grant in self.grants.values():
            if grant.has_expired:
                grant.move(grant.amount, "available", "expired")
