"""The daily comparison with Stripe, on a real Postgres and Stripe's simulator: each kind of mismatch is named."""

import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
import pytest_asyncio
from oslira_billing.application.compare_money import CompareMoney
from oslira_billing.application.reconcile_stripe import ReconcileStripe, day_before
from oslira_billing.infrastructure.postgres.gauges import Gauges
from oslira_billing.infrastructure.postgres.inbox import PostgresInbox
from oslira_billing.infrastructure.postgres.mismatches import PostgresMoneyRecords
from oslira_billing.infrastructure.postgres.offers import seed_offers
from oslira_billing.infrastructure.stripe_api import StripeApiObjects
from oslira_billing.infrastructure.stripe_lists import StripeLists
from oslira_billing.metrics import STRIPE_MISMATCHES
from oslira_billing.settings import Price
from oslira_devstack.databases import Database
from oslira_devstack.simulated import Simulators
from oslira_shared.errors import OsliraError
from oslira_shared.jobs import JobProgress
from oslira_shared.postgres.clients import AdminClient, Pool, open_pool
from stripe_shop import MONTH_MINOR, PACK_MINOR, StripeShop

# stripe 16.1 posts its form through a deprecated argument of httpx 0.28
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>' to upload raw:DeprecationWarning")
PRICES = {"price_growth": Price(plan="growth", interval="month")}


@dataclass
class Office:
    pool: Pool
    ledger: Pool
    simulators: Simulators
    stripe: StripeApiObjects

    def customer(self) -> StripeShop:
        inbox = PostgresInbox(AdminClient(self.pool))
        return StripeShop(self.simulators, inbox, self.stripe, int(time.time()))

    async def reconcile(self) -> JobProgress:
        """Today, as tomorrow's slot does."""
        client, progress = AdminClient(self.pool), JobProgress()
        inbox, records = PostgresInbox(client), PostgresMoneyRecords(client)
        compare = CompareMoney(
            inbox=inbox, stripe=self.stripe, lists=StripeLists(self.stripe), records=records
        )
        tomorrow = datetime.now(UTC).replace(hour=5, minute=30) + timedelta(days=1)
        await ReconcileStripe(compare, records)(tomorrow, progress)
        return progress

    async def open_mismatches(self) -> dict[tuple[str, str], int]:
        query = "select kind, stripe_id, credits from billing.stripe_mismatches where resolved_at is null"
        return {(row["kind"], row["stripe_id"]): row["credits"] for row in await self.pool.fetch(query)}


@pytest_asyncio.fixture
async def office(database: Database, simulators: Simulators) -> AsyncGenerator[Office]:
    stripe = StripeApiObjects(api_key=lambda: "sk_test_1", api_base=simulators.environment["STRIPE_API_BASE"])
    async with (
        await open_pool(database.url("billing_service"), service="billing", min_size=1) as pool,
        await open_pool(database.url("credits_service"), service="credits", min_size=1) as ledger,
    ):
        await seed_offers(AdminClient(pool), PRICES)
        yield Office(pool, ledger, simulators, stripe)
    await stripe.close()


def test_a_slot_is_for_the_last_day_that_ended_an_hour_before_it() -> None:
    early, late = datetime(2026, 11, 28, 0, 30, tzinfo=UTC), datetime(2026, 11, 28, 5, 30, tzinfo=UTC)
    assert [one.day for one in day_before(early)] == [26, 27]
    assert [one.day for one in day_before(late)] == [27, 28]


async def test_a_sound_day_of_everything_has_no_mismatch(office: Office) -> None:
    shop = office.customer()
    await shop.pay_month(amount=0)  # a trial's
    invoice_id, _ = await shop.pay_month()
    _, refunded = await shop.pay_pack()
    await shop.refund(refunded, 450, PACK_MINOR)
    _, disputed = await shop.pay_pack()
    await shop.dispute(disputed, "needs_response", PACK_MINOR)
    _, won = await shop.pay_pack()
    for state in ("needs_response", "won"):
        await shop.dispute(won, state, PACK_MINOR)
    _, lost = await shop.pay_pack()
    await shop.dispute(lost, "lost", PACK_MINOR)
    await shop.note(invoice_id, 1_000)
    progress = await office.reconcile()
    assert await office.open_mismatches() == {}
    assert (progress.succeeded, progress.found, progress.failed) == (6, 0, 0)


async def test_what_is_not_ours_or_pays_for_nothing_is_no_mismatch(office: Office) -> None:
    shop = office.customer()
    foreign = {"customer": "cus_foreign", "metadata": {}, "client_reference_id": "order-7"}
    _, charge_id = await shop.pay_pack(is_heard=False, **foreign)
    await shop.refund(charge_id, 100, PACK_MINOR, is_heard=False)
    await shop.pay_pack(is_heard=False, mode="subscription")
    await shop.pay_pack(is_heard=False, payment_status="unpaid")
    _, returned = await shop.pay_pack(is_heard=False)
    await shop.refund(returned, PACK_MINOR, PACK_MINOR, is_heard=False)
    progress = await office.reconcile()
    assert (progress.found, await office.open_mismatches()) == (0, {})


async def test_what_never_arrived_is_named_by_its_kind_with_ids_and_credits(office: Office) -> None:
    shop = office.customer()
    lost_invoice, _ = await shop.pay_month(is_heard=False)
    lost_session, _ = await shop.pay_pack(is_heard=False)
    invoice_id, _ = await shop.pay_month()
    _, refunded = await shop.pay_pack()
    await shop.refund(refunded, 450, PACK_MINOR, is_heard=False)
    _, disputed = await shop.pay_pack()
    dispute_id = await shop.dispute(disputed, "needs_response", PACK_MINOR, is_heard=False)
    _, lost = await shop.pay_pack()
    lost_id = await shop.dispute(lost, "lost", PACK_MINOR, is_heard=False)
    _, closed = await shop.pay_pack()
    await shop.dispute(closed, "needs_response", PACK_MINOR)
    closed_id = await shop.dispute(closed, "won", PACK_MINOR, is_heard=False)
    note_id = await shop.note(invoice_id, MONTH_MINOR, is_heard=False)
    expected = {
        ("payment_without_grant", lost_invoice): 250,
        ("payment_without_grant", lost_session): 100,
        ("refund_without_reversal", refunded): 50,
        ("dispute_without_freeze", dispute_id): 100,
        ("lost_dispute_without_reversal", lost_id): 100,
        ("freeze_after_dispute_closed", closed_id): 100,
        ("credit_note_without_reversal", note_id): 250,
    }
    for _ in range(2):
        assert (await office.reconcile()).found == len(expected)
        assert await office.open_mismatches() == expected
    rows = await office.pool.fetch("select account_id, detail, stripe_id from billing.stripe_mismatches")
    assert {row["account_id"] for row in rows} == {shop.account_id}
    assert all(row["stripe_id"] in row["detail"] for row in rows)
    await Gauges(AdminClient(office.pool))()
    [figure] = STRIPE_MISMATCHES.collect()
    by_kind = {sample.labels["kind"]: sample.value for sample in figure.samples}
    assert by_kind["payment_without_grant"] == 2
    assert sum(by_kind.values()) == len(expected)


async def test_a_mismatch_is_resolved_once_its_event_was_applied(office: Office) -> None:
    shop = office.customer()
    _, charge_id = await shop.pay_pack()
    await shop.refund(charge_id, 450, PACK_MINOR, is_heard=False)
    assert (await office.reconcile()).found == 1
    await shop.refund(charge_id, 450, PACK_MINOR)
    assert (await office.reconcile()).found == 0
    assert await office.open_mismatches() == {}
    assert await office.pool.fetchval("select count(*) from billing.stripe_mismatches") == 1, "it stays known"


async def test_what_was_changed_here_and_not_at_stripe_is_named(office: Office) -> None:
    shop, ledger = office.customer(), office.ledger
    revoked, _ = await shop.pay_pack()
    frozen, _ = await shop.pay_pack()
    unfrozen, charge_id = await shop.pay_pack()
    dispute_id = await shop.dispute(charge_id, "needs_response", PACK_MINOR)
    _, never_refunded = await shop.pay_pack()
    await shop.refund(never_refunded, 450, PACK_MINOR)
    await shop.charge(never_refunded.replace("ch_", "pi_"), PACK_MINOR, refunded=0)  # the refund failed
    await ledger.execute("select credits.revoke($1, 30, 'x', $2)", f"session:{revoked}", shop.account_id)
    await ledger.execute("select credits.freeze($1, 'y', $2)", f"session:{frozen}", shop.account_id)
    key = await office.pool.fetchval(
        "select frozen_under from billing.purchase_grants where grant_key = $1", f"session:{unfrozen}"
    )
    await ledger.execute("select credits.unfreeze($1, $2, $3)", f"session:{unfrozen}", key, shop.account_id)
    await office.reconcile()
    assert await office.open_mismatches() == {
        ("reversal_without_refund", revoked): 30,
        ("reversal_without_refund", never_refunded): 50,
        ("freeze_without_dispute", frozen): 100,
        ("dispute_without_freeze", dispute_id): 100,
    }


async def test_amounts_and_payments_that_stripe_does_not_have_are_named(
    office: Office, database: Database
) -> None:
    shop = office.customer()
    cheaper, _ = await shop.pay_pack()
    unpaid, _ = await shop.pay_month()
    unknown, _ = await shop.pay_pack()
    less, _ = await shop.pay_pack()
    owner = await asyncpg.connect(database.admin_url)
    await owner.execute("grant billing_owner to current_user with set true; set role billing_owner")
    await owner.execute("update billing.purchases set cash_minor = 1 where purchase_id = $1", cheaper)
    await owner.execute("update billing.purchase_grants set credits = 110 where purchase_id = $1", less)
    await owner.close()
    invoice = {"object": "invoice", "id": unpaid, "status": "open", "created": shop.now_s}
    await office.simulators.add_stripe_object(invoice)
    # An object that Stripe never had.
    await office.simulators.add_stripe_object({"object": "other", "id": unknown})
    await office.reconcile()
    assert await office.open_mismatches() == {
        ("payment_amount_differs", cheaper): 0,
        ("grant_without_payment", unpaid): -250,
        ("grant_without_payment", unknown): -100,
        ("granted_credits_differ", less): 10,
    }


async def test_a_payment_of_ours_that_cannot_be_read_is_named(office: Office) -> None:
    shop = office.customer()
    await shop.pay_pack()
    invoice_id, _ = await shop.pay_month(price="price_nobody_knows")
    await office.reconcile()
    assert {*await office.open_mismatches()} == {("payment_not_understood", invoice_id)}


async def test_all_pages_are_read(office: Office) -> None:
    shop = office.customer()
    await shop.pay_pack()
    expected = {("payment_without_grant", (await shop.pay_pack(is_heard=False))[0]) for _ in range(205)}
    await office.reconcile()
    assert {*await office.open_mismatches()} == expected


async def test_a_day_that_stripe_does_not_answer_for_is_not_taken_for_sound(office: Office) -> None:
    shop = office.customer()
    await shop.pay_pack(is_heard=False)
    await office.simulators.add_fault("stripe", "status", status=500, path="GET /v1/disputes", times=1)
    with pytest.raises(OsliraError, match="provider_unavailable"):
        await office.reconcile()
    assert (await office.reconcile()).found == 1
