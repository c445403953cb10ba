"""Insights: an account's actions appear in its own insights, and in no other's."""

from typing import Any

import httpx
from oslira_cli.commands.insights import read_insights
from oslira_cli.deployment import Login
from oslira_cli.insights_tables import insights_tables
from oslira_cli.operator_token import sign_operator_token
from oslira_devstack.make_user import sign_token
from oslira_devstack.stack import Stack
from people import Person, eventually, person
from rich.console import Console


async def _insight(user: Person, what: str, *, token: str | None = None) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = await user.client.http.get(f"/v1/insights/{what}", headers=headers)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def _operators_token(stack: Stack, user: Person) -> str:
    """The user's, as their issuer would sign it for an operator."""
    return sign_token(
        stack.credentials.jwt_secret,
        user_id=user.who.user_id,
        email="operator@oslira.test",
        is_operator=True,
    )


async def _as_operator(stack: Stack, what: str) -> dict[str, Any]:
    inside = stack.describe()["processes"]["gateway"]["url"].removesuffix("/health/ready")
    token = sign_operator_token(stack.credentials.operator_secret, name="accounting")
    async with httpx.AsyncClient(base_url=inside, headers={"Authorization": f"Bearer {token}"}) as http:
        answer = await http.get(f"/v1/admin/insights/{what}")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def _as_tables(user: Person) -> str:
    """What `oslira insights` prints."""
    console = Console(width=120)
    with console.capture() as shown:
        console.print(
            insights_tables(await read_insights(Login(user.access.gateway_url, user.who.token), days=1))
        )
    return shown.get()


async def test_what_an_account_did_shows_in_its_insights_and_in_no_others(stack: Stack) -> None:
    async with person(stack, available_credits=5) as user, person(stack) as other:
        costs_before = await _as_operator(stack, "costs")
        _, order = await user.analyze("insights.one")
        run = await user.settled(order["run_id"])
        assert run["status"] == "completed"
        is_new, again = await user.analyze("insights.one")
        assert (is_new, again["run_id"]) == (False, order["run_id"])

        usage = await _insight(user, "usage")
        assert usage["totals"] == {"runs": 1, "completed": 1, "credits": 1, "new_leads": 1}
        assert [item["type"] for item in usage["items"]] == ["light"]
        (light,) = (await _insight(user, "outcomes"))["types"]
        assert (light["completed"], light["completed_rate"], light["scores"]["analyses"]) == (1, 1.0, 1)
        assert light["scores"]["mean"] == run["result"]["score"]

        async def measured() -> dict[str, Any] | None:
            """Points are on their way for a second or two."""
            found = await _insight(user, "latency")
            ordered = [one for one in found["endpoints"] if one["endpoint"] == "POST /v1/analyses"]
            is_whole = found["steps"] and found["calls"] and ordered and len(ordered[0]["statuses"]) == 2
            return found if is_whole else None

        found = await eventually(measured)
        assert {"queued", "scraping", "scoring", "total"} <= {step["step"] for step in found["steps"]}
        assert {step["type"] for step in found["steps"]} == {"light"}
        (call,) = found["calls"]
        assert (call["call"], call["model"], call["durations"]["count"]) == ("score", "gpt-6-luna", 1)
        (ordered,) = [one for one in found["endpoints"] if one["endpoint"] == "POST /v1/analyses"]
        assert ordered["statuses"] == {"200": 1, "202": 1}
        assert ordered["durations"]["p95_ms"] > 0
        refused = await user.client.http.get("/v1/insights/cache")
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
        cache = (await _insight(user, "cache", token=_operators_token(stack, user)))["totals"]
        assert (cache["profiles"]["misses"], cache["analyses"]["rate"]) == (1, 0.5)

        shown = await _as_tables(user)
        for text in ("Usage, ", "new leads", "POST /v1/analyses", "scoring", "gpt-6-luna"):
            assert text in shown

        assert (await _insight(other, "usage"))["totals"]["runs"] == 0
        assert (await _insight(other, "outcomes"))["types"] == []
        assert (await _insight(other, "latency"))["calls"] == []

        # On their own port operators see what it cost us; others may have ended runs since, of other accounts.
        costs = await _as_operator(stack, "costs")
        margin = await _as_operator(stack, "margin")
        assert costs["total"]["runs"] >= costs_before["total"]["runs"] + 1
        assert float(costs["total"]["ai_cost_usd"]) > float(costs_before["total"]["ai_cost_usd"])
        assert margin["total"]["credits"] >= 1
        assert float(margin["total"]["cost_usd"]) >= float(costs["total"]["cost_usd"])
        assert (await user.client.http.get("/v1/admin/insights/costs")).status_code == 404
