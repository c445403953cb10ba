"""Import what Stripe has and we lack, after a restored backup or lost webhooks: events and objects are applied as webhooks are.

Stateless, in short steps: the caller passes the cursor of the last answer. Each step may be repeated, since every event is
stored once and applied once.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from oslira_shared.deadline import DeadlineExceeded, within
from oslira_shared.errors import OsliraError

from oslira_billing.application.compare_money import CompareMoney
from oslira_billing.application.effects import HANDLED
from oslira_billing.application.list_money import is_paid
from oslira_billing.application.money_ports import MoneyLists, MoneyRecords, Touched
from oslira_billing.application.ports import Hints, Inbox, StripeObjects
from oslira_billing.domain.event import API_VERSION, parse_event
from oslira_billing.domain.fields import StripeObject, text
from oslira_billing.domain.mismatch import Mismatch

# Stripe keeps events for 30 days; the last day is not relied on.
EVENTS_KEPT: Final = timedelta(days=29)
# An invoice or a checkout may be paid so long after it was created.
PAID_LATE: Final = timedelta(days=35)
WINDOW: Final = timedelta(hours=6)
STEP_LIMIT_S: Final = 45.0
_MOST_TYPES: Final = 20
_MOST_NAMED: Final = 100
# Objects that replace events which Stripe no longer has: kind → the type of event that applies it.
_STANDS_FOR: Final[Mapping[str, str]] = {
    "checkout.session": "checkout.session.completed",
    "subscription": "customer.subscription.updated",
    "invoice": "invoice.paid",
    "refund": "refund.updated",
    "dispute": "charge.dispute.updated",
    "credit_note": "credit_note.updated",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Of [since, until). `cursor`: of the last answer; None begins. A dry run stores nothing."""

    since: datetime
    until: datetime
    is_dry_run: bool = False
    cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The result of one step. `step`: events, objects, open, applying or compare. `cursor` None: it was the last one.

    `seen`: events and objects that Stripe returned. `missing`: those that were not stored; now they are, except in a dry run.
    `waiting`: events that are not applied yet. `mismatches`: the first hundred of `mismatch_count`.
    """

    step: str
    cursor: str | None
    seen: int = 0
    missing: int = 0
    waiting: int = 0
    mismatches: Sequence[Mismatch] = ()
    mismatch_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportMissing:
    """`now`: the clock that decides which events Stripe still has."""

    lists: MoneyLists
    records: MoneyRecords
    stripe: StripeObjects
    compare: CompareMoney
    inbox: Inbox
    hints: Hints
    livemode: bool
    now: Callable[[], datetime]

    async def __call__(self, order: Order) -> Step:
        """Raises OsliraError: invalid_request; provider_unavailable, then the same step may be repeated."""
        if order.until <= order.since:
            raise OsliraError("invalid_request", "The end lies before the beginning.")
        step, _, rest = (order.cursor or "events:0").partition(":")
        steps: Mapping[str, Callable[[Order, str], Awaitable[Step]]] = {
            "events": self._events,
            "objects": self._objects,
            "open": self._open,
            "applying": self._applying,
            "compare": self._compare,
        }
        if step not in steps:
            raise OsliraError("invalid_request", "Invalid cursor.")
        try:
            return await within(STEP_LIMIT_S, steps[step](order, rest), call="stripe_reconciliation")
        except DeadlineExceeded as error:
            raise OsliraError("provider_unavailable", "Stripe: the step took too long") from error

    async def _events(self, order: Order, rest: str) -> Step:
        """`rest`: the first of the types still to be listed, and after which event."""
        first, _, after = rest.partition(":")
        number = _number(first)
        start = max(order.since, self.now() - EVENTS_KEPT)
        types = HANDLED[number : number + _MOST_TYPES]
        page = await self.lists.page("event", start, order.until, types=types, after=after or None)
        missing = await self._take_in(order, page.objects)
        if page.after is not None:
            cursor = f"events:{number}:{page.after}"
        elif number + _MOST_TYPES < len(HANDLED):
            cursor = f"events:{number + _MOST_TYPES}"
        elif start > order.since and not order.is_dry_run:
            cursor = "objects:0"
        else:
            cursor = _compare_at(order.since) if order.is_dry_run else "applying"
        return Step(step="events", cursor=cursor, seen=len(page.objects), missing=missing)

    async def _objects(self, order: Order, rest: str) -> Step:
        """If `since` is older than Stripe's events. `rest`: which kind, and after which object."""
        first, _, after = rest.partition(":")
        number, kinds = _number(first), list(_STANDS_FOR)
        kind = kinds[min(number, len(kinds) - 1)]
        start = order.since - PAID_LATE if kind in {"invoice", "checkout.session"} else order.since
        page = await self.lists.page(kind, start, order.until, after=after or None)
        made = [self._stand_in(kind, one) for one in page.objects if _counts(kind, one)]
        missing = await self._take_in(order, made)
        cursor = "open"
        if page.after is not None:
            cursor = f"objects:{number}:{page.after}"
        elif number + 1 < len(kinds):
            cursor = f"objects:{number + 1}"
        return Step(step="objects", cursor=cursor, seen=len(page.objects), missing=missing)

    async def _open(self, order: Order, rest: str) -> Step:
        """What was not final when it was recorded: its current state is read from Stripe. `rest`: after which of them."""
        refs = await self.records.unfinished(after=rest, limit=_MOST_TYPES)
        found = [(kind, await self.stripe.retrieve(kind, object_id)) for kind, object_id in refs]
        made = [self._stand_in(kind, described) for kind, described in found if described is not None]
        missing = await self._take_in(order, made)
        cursor = f"open:{refs[-1][1]}" if refs else "applying"
        return Step(step="open", cursor=cursor, seen=len(refs), missing=missing)

    async def _applying(self, order: Order, _rest: str) -> Step:
        """May be repeated: the caller decides how long to wait."""
        waiting = await self.records.waiting()
        cursor = "applying" if waiting else _compare_at(order.since)
        return Step(step="applying", cursor=cursor, waiting=waiting)

    async def _compare(self, order: Order, rest: str) -> Step:
        try:
            start = datetime.fromisoformat(rest)
        except ValueError as error:
            raise OsliraError("invalid_request", "Invalid cursor.") from error
        end = min(start + WINDOW, order.until)
        is_last = end >= order.until
        also = await self.records.unresolved() | await self.records.frozen() if is_last else Touched()
        compared = await self.compare(start, end, also=also)
        if not order.is_dry_run:
            await self.records.keep(compared.touched, compared.mismatches)
        return Step(
            step="compare",
            cursor=None if is_last else _compare_at(end),
            seen=len(compared.touched.purchases),
            mismatches=compared.mismatches[:_MOST_NAMED],
            mismatch_count=len(compared.mismatches),
        )

    def _stand_in(self, kind: str, described: StripeObject) -> dict[str, Any]:
        """The same id for an object that has not changed, so that a second run finds it stored."""
        state = hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()[:16]
        return {
            "object": "event",
            "id": f"sync:{_STANDS_FOR[kind]}:{text(described, 'id')}:{state}",
            "api_version": API_VERSION,
            "type": _STANDS_FOR[kind],
            "livemode": self.livemode,
            "created": int(self.now().timestamp()),
            "data": {"object": dict(described)},
        }

    async def _take_in(self, order: Order, payloads: Sequence[StripeObject]) -> int:
        """Returns how many were missing. Oldest first: a grant before its refund, so that the refund need not wait."""
        stored = await self.records.stored([text(one, "id") or "" for one in payloads])
        missing = 0
        for payload in reversed(payloads):
            event = parse_event(payload)
            if event.id in stored or event.livemode is not self.livemode:
                continue
            missing += 1
            if order.is_dry_run:
                continue
            row_id = await self.inbox.store(event, json.dumps(payload))
            if row_id is not None:
                await self.hints.announce(row_id, "received", 0)
        return missing


def _counts(kind: str, described: StripeObject) -> bool:
    """A checkout counts once it is finished: it names the account's customer, whatever it sold."""
    if kind == "checkout.session":
        return is_paid(described) or text(described, "status") == "complete"
    return kind != "invoice" or is_paid(described)


def _compare_at(start: datetime) -> str:
    return f"compare:{start.isoformat()}"


def _number(first: str) -> int:
    if not first.isdecimal():
        raise OsliraError("invalid_request", "Invalid cursor.")
    return int(first)
