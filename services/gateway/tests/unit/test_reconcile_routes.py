"""Operators' steps of reconciliation and audit: validated; steps that may change something are in the audit log."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from memory_identity import MemoryMemberships
from memory_operations import MemoryActs
from oslira_cli.operator_token import sign_operator_token
from oslira_gateway.identity.hs256 import Hs256Tokens
from oslira_gateway.operations.admin_app import admin_router
from oslira_gateway.operations.audit_routes import audit_routes
from oslira_gateway.operations.operator import JwtOperators
from oslira_gateway.operations.reconcile_routes import reconcile_routes
from oslira_shared.contracts.billing.v1 import ReconcileRequest, ReconcileStep
from oslira_shared.contracts.credits.v1 import AuditDifference, Audited
from oslira_shared.errors import OsliraError
from oslira_shared.observability.health import Health, internal_app

SECRET = "the secret of operators' programs, long enough"
SINCE = datetime(2026, 11, 1, tzinfo=UTC)


class Billing:
    """Implements Reconciliation."""

    def __init__(self) -> None:
        self.asked: list[ReconcileRequest] = []
        self.is_away = False

    async def step(self, request: ReconcileRequest) -> ReconcileStep:
        if self.is_away:
            raise OsliraError("provider_unavailable", "Stripe is away")
        self.asked.append(request)
        return ReconcileStep(step="events", cursor="events:20", seen=3, missing=1)


class Credits:
    """Implements Audits."""

    async def look(self, *, settling_s: float) -> Audited:
        found = AuditDifference(what="balance_is_negative", id="7", detail=f"after {settling_s:g} s")
        return Audited(count=1, differences=[found])


class Desk:
    def __init__(self) -> None:
        self.acts, self.billing = MemoryActs(), Billing()
        router = admin_router(
            [*reconcile_routes(self.billing, self.acts), *audit_routes(Credits())],
            JwtOperators(Hs256Tokens("x" * 32), MemoryMemberships(), secret=SECRET),
        )
        app: Any = internal_app(Health(), [router])
        headers = {"Authorization": f"Bearer {sign_operator_token(SECRET, name='desk')}"}
        transport = httpx.ASGITransport(app)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://inside", headers=headers)

    async def ask(self, **body: object) -> tuple[int, dict[str, Any]]:
        answer = await self.http.post("/v1/admin/reconcile", json=body)
        return answer.status_code, answer.json()


async def test_a_step_is_asked_for_until_now_and_stands_on_record() -> None:
    desk = Desk()
    status, step = await desk.ask(
        since=SINCE.isoformat(), until="2999-01-01T00:00:00Z", cursor="events:0:evt_1"
    )
    assert (status, step["cursor"], step["seen"], step["missing"]) == (200, "events:20", 3, 1)
    (asked,) = desk.billing.asked
    assert (asked.since, asked.is_dry_run, asked.cursor) == (SINCE, False, "events:0:evt_1")
    assert asked.until <= datetime.now(UTC)
    desk.billing.is_away = True
    assert (await desk.ask(since=SINCE.isoformat(), is_dry_run=True))[0] == 503
    acts = sorted(desk.acts.acts.values(), key=lambda act: act.begun_at)
    told = [(act.act, act.targets["step"], act.targets["is_dry_run"], act.outcome) for act in acts]
    assert told == [
        ("reconcile", "events", "false", "done"),
        ("reconcile", "first", "true", "provider_unavailable"),
    ]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"since": "2026-11-01T00:00:00"},
        {"since": (datetime.now(UTC) + timedelta(days=1)).isoformat()},
        {"since": SINCE.isoformat(), "cursor": "x" * 501},
        {"since": SINCE.isoformat(), "other": 1},
    ],
    ids=range(5),
)
async def test_what_is_no_period_is_refused(body: dict[str, object]) -> None:
    desk = Desk()
    status, problem = await desk.ask(**body)
    assert (status, problem["code"]) == (400, "invalid_request")
    assert desk.billing.asked == []


async def test_an_audit_is_a_look_now_for_operators_alone() -> None:
    desk = Desk()
    answer = await desk.http.get("/v1/admin/audit?settling_s=0")
    found = {"what": "balance_is_negative", "id": "7", "detail": "after 0 s"}
    assert (answer.status_code, answer.json()) == (200, {"count": 1, "differences": [found]})
    assert (await desk.http.get("/v1/admin/audit?settling_s=-1")).status_code == 400
    assert (await desk.http.get("/v1/admin/audit", headers={"Authorization": "Bearer x"})).status_code == 401
    assert desk.acts.acts == {}
