"""Compare the money of a period at Stripe with what was granted, revoked and frozen for it. Nothing is changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from oslira_billing.application.find_reversal import FindReversal
from oslira_billing.application.list_money import Listed, ListMoney, is_paid
from oslira_billing.application.money_ports import MoneyLists, MoneyRecords, Touched
from oslira_billing.application.ports import Inbox, StripeObjects
from oslira_billing.application.read_payment import ReadPayment
from oslira_billing.domain.errors import EventRefusedError, NotYetError
from oslira_billing.domain.fields import StripeObject, number, reference
from oslira_billing.domain.mismatch import (
    GRANT_WITHOUT_PAYMENT,
    CompareGroup,
    Mismatch,
    merged,
    payment_differences,
)
from oslira_billing.domain.money_facts import MoneyFacts
from oslira_billing.domain.reversal import Charge, read_charge, read_credit_note, read_dispute


@dataclass(frozen=True, slots=True)
class Compared:
    """What was compared, and its mismatches."""

    touched: Touched
    mismatches: Sequence[Mismatch]


@dataclass(slots=True)
class _Pass:
    """Intermediate results of one comparison, by Stripe's ids."""

    listed: Listed
    charges: dict[str, StripeObject | None] = field(default_factory=dict[str, StripeObject | None])
    purchase_of: dict[str, str] = field(default_factory=dict[str, str])
    found: list[Mismatch] = field(default_factory=list[Mismatch])


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareMoney:
    """Reads from Stripe what its lists lack, and our records in short transactions in between."""

    inbox: Inbox
    stripe: StripeObjects
    lists: MoneyLists
    records: MoneyRecords

    async def __call__(self, start: datetime, end: datetime, *, also: Touched | None = None) -> Compared:
        """Of [start, end), and the objects in `also`. Raises OsliraError: then nothing is known."""
        at_work = _Pass(await ListMoney(self.stripe, self.lists)(start, end))
        touched = await self.records.moved(start, end) | (also or Touched())
        touched |= Touched(frozenset(at_work.listed.payments), frozenset(at_work.listed.charges))
        for charge_id in sorted(touched.charges):
            await self._find_purchase(at_work, charge_id)
        notes = {reference(note, "invoice") or "" for note in at_work.listed.notes.values()} - {""}
        purchases = sorted(touched.purchases | {*at_work.purchase_of.values()} | notes)
        recorded = await self.records.facts(purchases)
        facts: dict[str, MoneyFacts] = {}
        for purchase_id in purchases:
            known = recorded.get(purchase_id, MoneyFacts())
            if await self._compare_payment(at_work, purchase_id):
                facts[purchase_id] = await self._facts(at_work, purchase_id, known)
        await self._compare_groups(at_work, facts, recorded)
        return Compared(Touched(frozenset(purchases), touched.charges), merged(at_work.found))

    async def _charge(self, at_work: _Pass, charge_id: str) -> Charge | None:
        if charge_id not in at_work.charges:
            at_work.charges[charge_id] = await self.stripe.retrieve("charge", charge_id)
        described = at_work.charges[charge_id]
        return None if described is None else read_charge(described)

    async def _find_purchase(self, at_work: _Pass, charge_id: str) -> None:
        try:
            charge = await self._charge(at_work, charge_id)
            if charge is not None:
                purchase_id, _ = await FindReversal(self.inbox, self.stripe).purchase_of(charge)
                at_work.purchase_of[charge_id] = purchase_id
        except (EventRefusedError, NotYetError) as unknown:
            # No record says what it paid for. That is normal for another product's customer.
            described = at_work.charges[charge_id] or {}
            disputed = {reference(dispute, "charge") for dispute in at_work.listed.disputes.values()}
            read = ReadPayment(self.inbox, self.stripe, self.lists)
            if number(described, "amount_refunded") or charge_id in disputed:
                at_work.found += await read.unknown_charge(described, str(unknown))

    async def _compare_payment(self, at_work: _Pass, purchase_id: str) -> bool:
        """Whether it is paid at Stripe and recorded here."""
        kind = "checkout.session" if purchase_id.startswith("cs_") else "invoice"
        object_ = at_work.listed.payments.get(purchase_id) or await self.stripe.retrieve(kind, purchase_id)
        async with self.inbox.records() as records:
            groups = await records.purchases.groups_of(purchase_id)
            read_groups = [await records.purchases.group(key) for _, key in groups]
        if object_ is None or not is_paid(object_):
            given = [one for group in read_groups for one in group.given if one.purchase_id == purchase_id]
            if credits_ := sum(one.credits for one in given):
                at_work.found.append(
                    _unpaid(purchase_id, groups[0][0], credits_, is_known=object_ is not None)
                )
            return False
        read = ReadPayment(self.inbox, self.stripe, self.lists)
        if not groups:
            at_work.found += await read.not_recorded(object_)
            return False
        paid = [one for group in read_groups for one in group.paid if one.purchase.id == purchase_id]
        stakes = [one.purchase.stake for one in paid]
        at_work.found += payment_differences(read.payment(object_), groups[0][0], stakes)
        return True

    async def _facts(self, at_work: _Pass, purchase_id: str, recorded: MoneyFacts) -> MoneyFacts:
        """What was refunded or disputed of a purchase, as Stripe has it now."""
        charge_ids = {id_ for id_, bought in at_work.purchase_of.items() if bought == purchase_id}
        charges = {
            id_: charge
            for id_ in sorted(charge_ids | {*recorded.charges})
            if (charge := await self._charge(at_work, id_)) is not None
        }
        disputes = {
            id_: (charge_id, read_dispute(described))
            for id_, described in (
                await self._described(at_work.listed.disputes, "dispute", recorded.disputes)
            ).items()
            if (charge_id := reference(described, "charge") or "") in charges
        }
        notes = {
            id_: read_credit_note(described)
            for id_, described in (
                await self._described(at_work.listed.notes, "credit_note", recorded.notes)
            ).items()
            if reference(described, "invoice") == purchase_id
        }
        return MoneyFacts(charges, disputes, notes)

    async def _described(
        self, listed: Mapping[str, StripeObject], kind: str, recorded: Mapping[str, object]
    ) -> Mapping[str, StripeObject]:
        found = dict(listed)
        for object_id in recorded:
            if object_id not in found and (described := await self.stripe.retrieve(kind, object_id)):
                found[object_id] = described
        return found

    async def _compare_groups(
        self, at_work: _Pass, facts: Mapping[str, MoneyFacts], recorded: Mapping[str, MoneyFacts]
    ) -> None:
        groups: dict[str, UUID] = {}
        async with self.inbox.records() as records:
            for purchase_id in facts:
                groups |= {
                    key: account_id for account_id, key in await records.purchases.groups_of(purchase_id)
                }
            read = {key: await records.purchases.group(key) for key in groups}
        for key, group in read.items():
            statuses = await self.records.statuses([one.key for one in group.given])
            own = {one.purchase.id: facts[one.purchase.id] for one in group.paid if one.purchase.id in facts}
            at_work.found += CompareGroup(groups[key], group, statuses, own, recorded)()


def _unpaid(purchase_id: str, account_id: UUID, credits_: int, *, is_known: bool) -> Mismatch:
    detail = f"{credits_} credits were granted for {purchase_id}, which Stripe " + (
        "does not have as paid" if is_known else "does not have"
    )
    return Mismatch(
        kind=GRANT_WITHOUT_PAYMENT,
        stripe_id=purchase_id,
        purchase_id=purchase_id,
        account_id=account_id,
        detail=detail,
        credits=-credits_,
    )
