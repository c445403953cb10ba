"""Paying, over HTTP on the whole system."""

import asyncio
import time
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
import stripe_samples as samples
from oslira_client import ApiError
from oslira_devstack.simulated import connect_simulators
from oslira_devstack.stack import Stack
from people import Person, eventually, person


async def buy(user: Person, path: str, **order: Any) -> dict[str, Any]:
    answer = await user.client.http.post(f"/v1/billing/{path}", json=order)
    if not answer.is_success:
        raise ApiError(answer.status_code, answer.json())
    return answer.json()


async def code_of(user: Person, path: str, **order: Any) -> tuple[int, str]:
    with pytest.raises(ApiError) as refused:
        await buy(user, path, **order)
    return refused.value.status, refused.value.code


async def opened(stack: Stack, page: dict[str, Any]) -> dict[str, Any]:
    """The session behind a page, as Stripe has it."""
    async with connect_simulators(stack.simulators_url) as simulators:
        url = f"{simulators.url}/stripe/v1/checkout/sessions/{page['url'].rsplit('/', 1)[1]}"
        answer = await simulators.http.get(url, headers={"authorization": "Bearer sk_test_1"})
    return answer.raise_for_status().json()


async def deliver(stack: Stack, kind: str, described: dict[str, Any]) -> None:
    """As Stripe does."""
    body, header = samples.signed(
        samples.event(kind, described), stack.credentials.stripe_webhook_secret, at_s=time.time()
    )
    async with httpx.AsyncClient(trust_env=False) as http:
        url = f"{stack.billing_url}/stripe/webhooks"
        (await http.post(url, content=body, headers={"stripe-signature": header})).raise_for_status()


async def has(user: Person, available: int) -> None:
    async def look() -> bool:
        return (await user.client.balance())["available"] == available

    await eventually(look)


async def test_a_pack_is_bought_spent_in_part_and_refunded(stack: Stack) -> None:
    async with person(stack, available_credits=0) as user:
        sold = await opened(stack, await buy(user, "checkout", pack="pack_100"))
        assert sold["client_reference_id"] == str(user.who.account_id)
        payment = f"pi_{uuid4().hex}"
        paid = {
            **sold,
            "payment_status": "paid",
            "status": "complete",
            "payment_intent": payment,
            "amount_total": 900,
        }
        await deliver(stack, "checkout.session.completed", paid)
        await has(user, 100)
        _, run = await user.analyze("pays.first")
        await user.settled(run["run_id"])
        await has(user, 99)

        charge_id = f"ch_{uuid4().hex}"
        ids = {"charge_id": charge_id, "payment": payment, "customer": sold["customer"]}
        await deliver(stack, "charge.refunded", samples.charge(amount=900, refunded=900, **ids))
        await has(user, 0)
        # One credit was spent: it is owed, and the next purchase pays it first.
        named: dict[str, Any] = {"pack": "pack_100", "account_id": str(user.who.account_id)}
        await deliver(
            stack, "checkout.session.completed", samples.session(customer=sold["customer"], **named)
        )
        await has(user, 99)


async def test_a_plan_is_bought_shown_managed_and_ends(stack: Stack) -> None:
    async with person(stack, available_credits=0, plan="free") as user:
        sold = await opened(stack, await buy(user, "checkout", plan="growth"))
        subscription_id = f"sub_{uuid4().hex}"
        described = samples.subscription(
            subscription_id=subscription_id, customer=sold["customer"], price="price_dev_growth"
        )
        await deliver(stack, "customer.subscription.created", described)
        paid = samples.invoice(
            samples.line(None, price="price_dev_growth"),
            customer=sold["customer"],
            subscription=subscription_id,
            reason="subscription_create",
        )
        await deliver(stack, "invoice.paid", paid)
        await has(user, 250)

        shown = await _shown(user)
        assert (shown["plan"], shown["status"], shown["interval"]) == ("growth", "active", "month")
        assert await code_of(user, "checkout", plan="pro") == (409, "already_subscribed")
        assert (await buy(user, "portal"))["url"].startswith("https://")

        late = {
            **paid,
            "id": f"in_{uuid4().hex}",
            "status": "open",
            "hosted_invoice_url": "https://pay.example/1",
        }
        await deliver(stack, "invoice.payment_failed", late)

        async def has_problem() -> bool:
            answer = await user.client.http.get("/v1/billing/subscription")
            return [one["pay_url"] for one in answer.json()["payment_problems"]] == ["https://pay.example/1"]

        await eventually(has_problem)
        await deliver(stack, "customer.subscription.deleted", {**described, "status": "canceled"})

        async def is_back_on_free() -> bool:
            return (await _shown(user))["plan"] == "free"

        await eventually(is_back_on_free)


async def _shown(user: Person) -> dict[str, Any]:
    return (await user.client.http.get("/v1/billing/subscription")).raise_for_status().json()["subscription"]


async def test_what_cannot_be_bought_and_who_may_not(stack: Stack) -> None:
    async with person(stack, available_credits=0) as user, person(stack) as other:
        assert await code_of(user, "portal") == (409, "no_customer")
        assert await code_of(user, "checkout", plan="gold") == (422, "not_for_sale")
        assert await code_of(user, "checkout", plan="pro", pack="pack_100") == (400, "invalid_request")
        evil = {"pack": "pack_100", "success_url": "https://evil.example/"}
        assert await code_of(user, "checkout", **evil) == (422, "invalid_return_url")
        await _demote(user)
        refusals = await asyncio.gather(code_of(user, "checkout", pack="pack_100"), code_of(user, "portal"))
        assert refusals == [(403, "forbidden")] * 2
        theirs = {"X-Account-Id": str(other.who.account_id)}
        answer = await user.client.http.get("/v1/billing/subscription", headers=theirs)
        assert (answer.status_code, answer.json()["code"]) == (404, "account_not_found")


async def _demote(user: Person) -> None:
    connection = await asyncpg.connect(user.access.database_url("gateway_service"))
    await connection.execute(
        "update identity.members set role = 'member' where user_id = $1", user.who.user_id
    )
    await connection.close()
