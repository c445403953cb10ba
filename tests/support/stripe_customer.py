"""A customer with a subscription at Stripe, whose events billing's use cases apply."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import stripe_samples as samples
from oslira_billing.application.renew_monthly import Renewal, RenewMonthly
from oslira_shared.jobs import JobProgress
from stripe_samples import AUGUST_S, JULY_S, line

DAY_S = 86_400
YEAR_S = JULY_S + 365 * DAY_S
GROWTH, PRO, AGENCY = 250, 1_500, 5_000


class NoManualPlans:
    async def due(self, slot: datetime) -> Sequence[Renewal]:
        del slot
        return []

    async def give(self, renewal: Renewal) -> None:
        raise AssertionError(f"no manual plan is due: {renewal}")


@dataclass
class Customer:
    """An account with a subscription at Stripe."""

    office: Any
    account_id: UUID = field(default_factory=uuid4)

    @property
    def subscription(self) -> str:
        return f"sub_{self.account_id}"

    def invoice(self, *lines: dict[str, Any], name: str = "1", **changes: Any) -> dict[str, Any]:
        changes = {"subscription": self.subscription, **changes}
        ids: dict[str, Any] = {"invoice_id": self.invoice_id(name), "customer": f"cus_{self.account_id}"}
        return samples.invoice(*lines, **ids, **changes, account_id=str(self.account_id))

    def invoice_id(self, name: str) -> str:
        return f"in_{name}_{self.account_id}"

    def change(
        self, old: str, new: str, *, day: int, until_s: int = AUGUST_S, name: str = ""
    ) -> dict[str, Any]:
        """A change in Stripe's portal: the rest of the period is credited for one plan and charged for the other."""
        at_s = JULY_S + day * DAY_S
        prices = {"growth": 2_900, "pro": 9_900, "agency": 29_900}
        share = (until_s - at_s) / (31 * DAY_S)
        lines = [
            line(
                None,
                price=f"price_{plan}",
                amount=round(sign * prices[plan.removesuffix("_year")] * share),
                start_s=at_s,
                end_s=until_s,
                proration=True,
            )
            for plan, sign in ((old, -1), (new, 1))
        ]
        return self.invoice(*lines, name=name or f"change{day}", reason="subscription_update", created=at_s)

    async def pay(self, *invoices: dict[str, Any]) -> list[UUID]:
        return [await self.office.receive(samples.event("invoice.paid", invoice)) for invoice in invoices]

    async def charge(
        self, invoice: dict[str, Any], *, amount: int, refunded: int = 0, name: str = "1", **changes: Any
    ) -> dict[str, Any]:
        """The charge that paid an invoice, and Stripe's word for which it is."""
        payment = f"pi_{name}_{self.account_id}"
        await self.office.receive(
            samples.event("invoice_payment.paid", samples.invoice_payment(payment, invoice["id"]))
        )
        ids: dict[str, Any] = {"charge_id": f"ch_{name}_{self.account_id}", "payment": payment}
        made = samples.charge(amount=amount, refunded=refunded, customer=f"cus_{self.account_id}", **ids)
        self.office.stripe.objects[made["id"]] = made | changes
        return made

    async def refund(self, charge: dict[str, Any], refunded: int) -> UUID:
        self.office.stripe.objects[charge["id"]] = charge | {"amount_refunded": refunded}
        return await self.office.receive(
            samples.event("refund.updated", samples.refund(charge_id=charge["id"]))
        )

    async def dispute(self, charge: dict[str, Any], state: str) -> UUID:
        described = samples.dispute(charge_id=charge["id"], amount=charge["amount"], status=state)
        return await self.office.receive(samples.event("charge.dispute.updated", described))

    async def look(self, at: str) -> JobProgress:
        """The daily job."""
        progress, slot = JobProgress(), datetime.fromisoformat(at).replace(tzinfo=UTC)
        await RenewMonthly(NoManualPlans(), self.office.world.inbox.records)(slot, progress)
        return progress

    async def available(self) -> int:
        return await self.office.world.available(self.account_id)

    async def states(self, row_ids: list[UUID]) -> list[str]:
        return [(await self.office.world.event(row_id))[0] for row_id in row_ids]

    async def reason(self, row_id: UUID) -> tuple[str, str]:
        state, _, reason = await self.office.world.event(row_id)
        return state, reason or ""


def month(plan: str = "growth", **changes: Any) -> dict[str, Any]:
    return line(None, price=f"price_{plan}", end_s=AUGUST_S, **changes)


def year(plan: str = "pro") -> dict[str, Any]:
    return line(None, price=f"price_{plan}_year", amount=99_000, end_s=YEAR_S)
