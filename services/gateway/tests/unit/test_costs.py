"""Costs and margins for operators, and that reading them is in the audit log."""

from typing import Any

import httpx
import pytest
from memory_identity import MemoryMemberships
from memory_insights import MemoryLedger
from memory_operations import MemoryActs
from oslira_cli.operator_token import sign_operator_token
from oslira_gateway.identity.hs256 import Hs256Tokens
from oslira_gateway.insights.admin_routes import admin_insights_routes
from oslira_gateway.insights.costs import Spent
from oslira_gateway.operations.admin_app import admin_router
from oslira_gateway.operations.operator import JwtOperators
from oslira_shared.ids import derived_id
from oslira_shared.observability.health import Health, internal_app

SECRET = "the secret of operators' programs, long enough"
ACCOUNT, USER = derived_id("account"), derived_id("user")


def spent(credits_: int, ai_nano: int, scrape_nano: int = 0, **whose: Any) -> Spent:
    key = {"account_id": None, "user_id": None, "type": None} | whose
    return Spent(**key, runs=4, calls=5, input_tokens=600, cached_tokens=100, output_tokens=70,
                 credits=credits_, ai_cost_nano_usd=ai_nano, scrape_cost_nano_usd=scrape_nano)  # fmt: skip


class Desk:
    """The internal port with these routes."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self.acts = MemoryActs()
        tokens = JwtOperators(
            Hs256Tokens("the secret of users' tokens, long enough"), MemoryMemberships(), secret=SECRET
        )
        app: Any = internal_app(Health(), [admin_router(admin_insights_routes(ledger, self.acts), tokens)])
        self._http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://inside")

    async def ask(self, path: str, *, is_operator: bool = True) -> tuple[int, dict[str, Any]]:
        token = sign_operator_token(SECRET, name="desk")
        headers = {"Authorization": f"Bearer {token}"} if is_operator else {}
        answer = await self._http.get(f"/v1/admin/insights/{path}", headers=headers)
        return answer.status_code, answer.json()


@pytest.fixture
def desk() -> Desk:
    return Desk(
        MemoryLedger(
            total=spent(100, 3_000_000_000, 1_000_000_000),
            accounts=[spent(60, 3_000_000_000, account_id=ACCOUNT), spent(40, 0, 1_000_000_000)],
            users=[spent(60, 3_000_000_000, account_id=ACCOUNT, user_id=USER)],
            types=[spent(0, 4_000_000_000, type="light")],
        )
    )


async def test_costs_say_who_drives_them(desk: Desk) -> None:
    status, found = await desk.ask("costs?from=2026-11-01T00:00:00Z&to=2026-12-01T00:00:00Z")
    assert (status, found["by"], found["from"]) == (200, "account", "2026-11-01T00:00:00Z")
    assert [(one["account_id"], one["cost_usd"], one["share"]) for one in found["items"]] == [
        (str(ACCOUNT), "3.000000000", 0.75),
        (None, "1.000000000", 0.25),
    ]
    assert (found["total"]["cost_usd"], found["total"]["share"]) == ("4.000000000", 1.0)
    _, found = await desk.ask("costs?by=user&limit=1")
    assert [(one["account_id"], one["user_id"]) for one in found["items"]] == [(str(ACCOUNT), str(USER))]


async def test_margin_is_what_credits_bring_less_what_runs_cost(desk: Desk) -> None:
    _, found = await desk.ask("margin")
    assert found["credit_price_usd"] == "0.1"
    assert found["total"]["revenue_usd"] == "10.000000000"
    assert (found["total"]["margin_usd"], found["total"]["margin_rate"]) == ("6.000000000", 0.6)
    first, second = found["items"]
    assert (first["margin_usd"], second["margin_usd"]) == ("3.000000000", "3.000000000")
    _, found = await desk.ask("margin?by=type")
    (light,) = found["items"]
    assert (light["type"], light["margin_usd"], light["margin_rate"]) == ("light", "-4.000000000", None)


async def test_only_operators_see_it_and_it_is_on_record_that_they_did(desk: Desk) -> None:
    for path in ("costs", "margin"):
        assert (await desk.ask(path, is_operator=False))[0] == 401
    assert desk.acts.acts == {}
    for path in ("costs?by=user", "margin", "costs?by=planet", "margin?limit=0", "costs?from=2020-01-01"):
        await desk.ask(path)
    acts = list(desk.acts.acts.values())
    assert [(act.act, act.targets["by"], act.outcome) for act in acts] == [
        ("read_costs", "user", "done"),
        ("read_margin", "account", "done"),
    ]


async def test_what_is_asked_wrongly_is_refused(desk: Desk) -> None:
    for path in ("costs?by=planet", "margin?limit=0", "costs?from=2020-01-01T00:00:00Z"):
        status, found = await desk.ask(path)
        assert (status, found["code"]) == (400, "invalid_request")
