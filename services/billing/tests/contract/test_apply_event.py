"""Applying events. `office` and `world` are in tests/conftest.py."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import stripe_samples as samples
from oslira_billing.application.ports import BillingRecords, ClaimLostError, FetchVersion
from oslira_billing.domain.subscription import read_subscription
from oslira_shared.errors import OsliraError
from stripe_samples import JULY_S, line


@pytest.fixture
def account_id() -> UUID:
    return uuid4()


def period(account_id: UUID) -> dict[str, tuple[UUID, int]]:
    """The one grant for a month of pro."""
    return {f"sub:sub_{account_id}:{JULY_S}": (account_id, 1500)}


def paid(account_id: UUID, *, named: UUID | None = None) -> dict[str, Any]:
    """An invoice of that account's customer; `named` is the account in its metadata, if it says any."""
    names: dict[str, Any] = {"account_id": str(named)} if named else {}
    ids: dict[str, Any] = {"customer": f"cus_{account_id}", "subscription": f"sub_{account_id}"}
    return samples.event("invoice.paid", samples.invoice(line("pro"), **ids, **names))


def checkout(account_id: UUID, **changes: Any) -> dict[str, Any]:
    ids = {"customer": f"cus_{account_id}", "account_id": str(account_id)}
    described: dict[str, Any] = {"mode": "subscription", **ids, **changes}
    return samples.event("checkout.session.completed", samples.session(**described))


def subscribed(account_id: UUID, what: str = "created", **changes: Any) -> dict[str, Any]:
    ids = {
        "customer": f"cus_{account_id}",
        "subscription_id": f"sub_{account_id}",
        "account_id": str(account_id),
    }
    described = samples.subscription(**{"plan": "pro", **ids, **changes})
    return samples.event(f"customer.subscription.{what}", described)


async def test_the_same_event_three_times_is_one_row_and_one_grant(office: Any, account_id: UUID) -> None:
    payload = paid(account_id, named=account_id)
    row_id = await office.receive(payload)
    assert [await office.store(payload) for _ in range(2)] == [None, None]
    await office.apply(row_id)
    assert await office.world.grants(account_id) == period(account_id)
    assert await office.world.event(row_id) == ("done", 0, None)


async def test_two_events_about_the_same_invoice_grant_once(office: Any, account_id: UUID) -> None:
    payload = paid(account_id, named=account_id)
    await office.receive(payload)
    await office.receive(samples.event("invoice.paid", payload["data"]["object"]))
    assert await office.world.grants(account_id) == period(account_id)


async def test_two_consumers_at_once_apply_an_event_once(office: Any, account_id: UUID) -> None:
    row_id = await office.store(paid(account_id, named=account_id))
    await asyncio.gather(*(office.apply(row_id) for _ in range(4)))
    assert await office.world.grants(account_id) == period(account_id)
    assert (await office.world.event(row_id))[0] == "done"


async def test_an_invoice_before_its_customer_is_known_is_applied_as_soon_as_it_is(
    office: Any, account_id: UUID
) -> None:
    row_id = await office.receive(paid(account_id))
    state, failures, reason = await office.world.event(row_id)
    assert (state, failures) == ("received", 0)
    assert reason.startswith("account_unknown")
    for _ in range(10):  # far beyond the failures that end other events
        await office.sweep(after=timedelta(minutes=20))
    assert await office.world.grants(account_id) == {}

    await office.receive(checkout(account_id))
    await office.sweep(after=timedelta(0))
    assert await office.world.grants(account_id) == period(account_id)
    assert (await office.world.event(row_id))[0] == "done"


async def test_an_event_without_an_account_ends_dead_with_its_reason(office: Any, account_id: UUID) -> None:
    row_id = await office.receive(paid(account_id))
    await office.sweep(after=timedelta(days=3, seconds=1))
    state, _, reason = await office.world.event(row_id)
    assert state == "dead"
    assert reason.startswith("account_unknown")


async def test_metadata_that_contradicts_the_stored_mapping_grants_nothing_and_says_why(
    office: Any, account_id: UUID
) -> None:
    await office.receive(checkout(account_id))
    row_id = await office.receive(paid(account_id, named=uuid4()))
    state, _, reason = await office.world.event(row_id)
    assert state == "dead"
    assert reason.startswith("account_mismatch")
    assert await office.world.grants(account_id) == {}


async def test_a_pack_is_granted_once_it_is_paid(office: Any, account_id: UUID) -> None:
    unpaid = checkout(account_id, mode="payment", payment_status="unpaid", pack="pack_100")
    await office.receive(unpaid)
    assert await office.world.grants(account_id) == {}
    now_paid = {**unpaid["data"]["object"], "payment_status": "paid"}
    for _ in range(2):
        await office.receive(samples.event("checkout.session.async_payment_succeeded", now_paid))
    assert await office.world.grants(account_id) == {f"session:{now_paid['id']}": (account_id, 100)}


async def test_a_subscription_sets_its_accounts_plan_and_is_published_once(
    office: Any, account_id: UUID
) -> None:
    await office.receive(subscribed(account_id))
    await office.receive(subscribed(account_id, "updated"))
    assert await office.world.plan(account_id) == "pro"
    assert office.publisher.published == [account_id]
    await office.receive(subscribed(account_id, "deleted", status="canceled"))
    assert await office.world.plan(account_id) is None
    assert office.publisher.published == [account_id] * 2


async def test_what_stripe_has_now_counts_and_not_what_a_late_event_shows(
    office: Any, account_id: UUID
) -> None:
    office.stripe.objects[f"sub_{account_id}"] = samples.subscription(
        subscription_id=f"sub_{account_id}", status="canceled", plan="pro"
    )
    await office.receive(subscribed(account_id))
    assert await office.world.plan(account_id) is None


async def test_a_snapshot_never_beats_a_newer_one_nor_raises_what_has_ended(
    office: Any, account_id: UUID
) -> None:
    late = subscribed(account_id, plan="growth") | {"created": JULY_S - 60}
    await office.receive(subscribed(account_id, "updated"))
    await office.receive(late)
    assert await office.world.plan(account_id) == "pro"
    ended = subscribed(account_id, "deleted", status="canceled") | {"created": JULY_S - 1}
    await office.receive(ended)
    await office.receive(subscribed(account_id, "updated"))
    assert await office.world.plan(account_id) is None


async def test_an_earlier_fetch_that_arrives_late_changes_nothing(office: Any, account_id: UUID) -> None:
    async def save(records: BillingRecords, plan: str, fetch_seq: int) -> None:
        described = samples.subscription(subscription_id=f"sub_{account_id}", plan=plan)
        found = read_subscription(described, await records.catalogue())
        await records.save_subscription(account_id, found, FetchVersion(fetch_seq))

    earlier = await office.world.inbox.next_fetch_seq()
    later = await office.world.inbox.next_fetch_seq()
    assert later > earlier
    async with office.world.inbox.records() as records:
        await save(records, "agency", later)
        await save(records, "growth", earlier)
    assert await office.world.plan(account_id) == "agency"


async def test_a_crash_between_commit_and_publish_still_tells(office: Any, account_id: UUID) -> None:
    row_id = await office.store(subscribed(account_id))
    office.publisher.subscription_changed = _crash
    with pytest.raises(asyncio.CancelledError):
        await office.apply(row_id)
    assert (await office.world.event(row_id))[0] == "applied"

    del office.publisher.subscription_changed
    await office.sweep(after=timedelta(seconds=31))
    assert office.publisher.published == [account_id]
    assert (await office.world.event(row_id))[0] == "done"


async def _crash(*_: object) -> None:
    raise asyncio.CancelledError


async def test_a_bus_that_is_down_delays_the_news_and_fails_nothing(office: Any, account_id: UUID) -> None:
    office.publisher.is_down = True
    row_id = await office.receive(subscribed(account_id))
    for _ in range(7):
        await office.sweep()
    assert (await office.world.event(row_id))[0] == "applied"
    office.publisher.is_down = False
    await office.sweep()
    assert office.publisher.published == [account_id]
    assert await office.world.event(row_id) == ("done", 0, None)


async def test_unknown_types_are_kept_and_ignored(office: Any) -> None:
    row_id = await office.receive(samples.event("payout.paid", {"id": "po_1"}))
    assert await office.world.event(row_id) == ("ignored", 0, None)


async def test_an_outage_of_stripe_fails_no_event_however_long_it_lasts(
    office: Any, account_id: UUID
) -> None:
    async def out(*_: str) -> None:
        raise OsliraError("provider_unavailable", "Stripe: APIConnectionError")

    office.stripe.retrieve = out
    row_id = await office.receive(subscribed(account_id))
    for _ in range(10):
        await office.sweep(after=timedelta(minutes=20))
    assert (await office.world.event(row_id))[:2] == ("received", 0)
    del office.stripe.retrieve
    await office.sweep(after=timedelta(minutes=20))
    assert await office.world.plan(account_id) == "pro"


async def test_poison_ends_dead_after_its_attempts_with_its_reason(office: Any, account_id: UUID) -> None:
    async def explode(*_: str) -> None:
        raise RuntimeError("boom")

    office.stripe.retrieve = explode
    row_id = await office.receive(subscribed(account_id))
    for _ in range(5):
        await office.sweep(after=timedelta(minutes=2))
    assert await office.world.event(row_id) == ("dead", 5, "RuntimeError: boom")


async def test_a_crash_after_the_claim_is_taken_over_when_the_lease_lapses(
    office: Any, account_id: UUID
) -> None:
    row_id = await office.store(paid(account_id, named=account_id))
    assert await office.world.inbox.claim(row_id) is not None
    await office.sweep(after=timedelta(seconds=6))
    assert await office.world.grants(account_id) == {}
    await office.sweep(after=timedelta(seconds=31))
    assert await office.world.grants(account_id) == period(account_id)


async def test_nothing_of_a_zombie_commits(office: Any, account_id: UUID) -> None:
    row_id = await office.store(subscribed(account_id))
    zombie = await office.world.inbox.claim(row_id)
    await office.sweep(after=timedelta(seconds=31))
    with pytest.raises(ClaimLostError):  # noqa: PT012  # what is raised has to leave the transaction's block
        async with office.world.inbox.records() as records:
            await records.link_customer(f"cus_{account_id}", account_id)
            await records.finish(zombie, state="done", account_id=account_id)
    async with office.world.inbox.records() as records:
        assert await records.account_of(f"cus_{account_id}") is None
