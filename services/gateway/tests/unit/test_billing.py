"""Who may buy for an account, and what its members see of it."""

from dataclasses import replace
from typing import Any

import pytest
from http_answers import client_of
from oslira_gateway.billing.ports import PaymentProblem, Subscription
from oslira_gateway.identity.caller import Member


@pytest.mark.parametrize("role", ["owner", "admin"])
async def test_owners_and_admins_buy_for_their_own_account(api: Any, member: Member, role: str) -> None:
    headers = api.join(replace(member, role=role))
    async with client_of(api.app) as client:
        page = await client.post("/v1/billing/checkout", json={"plan": "pro"}, headers=headers)
        portal = await client.post("/v1/billing/portal", json={}, headers=headers)
    assert (page.status_code, page.json()) == (200, {"url": "https://checkout.example/1"})
    assert (portal.status_code, portal.json()) == (200, {"url": "https://portal.example/1"})
    assert [account_id for account_id, _, _ in api.sales.asked] == [member.account_id] * 2


async def test_members_may_not_buy(api: Any, member: Member) -> None:
    headers = api.join(replace(member, role="member"))
    async with client_of(api.app) as client:
        answers = [
            await client.post("/v1/billing/checkout", json={"pack": "pack_100"}, headers=headers),
            await client.post("/v1/billing/portal", json={}, headers=headers),
        ]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(403, "forbidden")] * 2
    assert api.sales.asked == []


async def test_the_same_key_is_the_same_checkout(api: Any, member: Member) -> None:
    headers = api.join(member)
    async with client_of(api.app) as client:
        for key in ("a", "a", "b", None, None):
            sent = headers | ({"idempotency-key": key} if key else {})
            await client.post("/v1/billing/checkout", json={"plan": "pro"}, headers=sent)
    keys = [key for _, _, key in api.sales.asked]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 4


@pytest.mark.parametrize("body", [{"interval": "week"}, {"plan": 7}, {"plan": "x" * 61}])
async def test_an_order_that_makes_no_sense_is_refused(api: Any, member: Member, body: Any) -> None:
    async with client_of(api.app) as client:
        answer = await client.post("/v1/billing/checkout", json=body, headers=api.join(member))
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


async def test_everybody_sees_the_subscription_and_only_buyers_where_to_pay(api: Any, member: Member) -> None:
    headers = api.join(member)
    simple = replace(member, caller=replace(member.caller, user_id=member.account_id), role="member")
    other = api.join(simple)
    async with client_of(api.app) as client:
        nothing = await client.get("/v1/billing/subscription", headers=headers)
        api.subscriptions.rows[member.account_id] = Subscription(
            plan="pro",
            status="past_due",
            source="stripe",
            interval="month",
            period_start=None,
            period_end=None,
            cancel_at_period_end=False,
        )
        api.subscriptions.problems[member.account_id] = [
            PaymentProblem("payment_failed", "https://invoice.example/1", None)
        ]
        seen = [(await client.get("/v1/billing/subscription", headers=h)).json() for h in (headers, other)]
    assert nothing.json() == {"subscription": None, "payment_problems": []}
    assert [view["subscription"]["status"] for view in seen] == ["past_due"] * 2
    assert [view["payment_problems"][0]["pay_url"] for view in seen] == ["https://invoice.example/1", None]
