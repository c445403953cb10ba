"""Balances of an earlier system: the account, granted once, in the audit log without addresses."""

from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from memory_identity import MemoryMemberships
from memory_operations import MemoryActs
from oslira_cli.operator_token import sign_operator_token
from oslira_gateway.identity.hs256 import Hs256Tokens
from oslira_gateway.operations.admin_app import admin_router
from oslira_gateway.operations.import_routes import import_routes
from oslira_gateway.operations.imported_balances import Owner
from oslira_gateway.operations.operator import JwtOperators
from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id
from oslira_shared.observability.health import Health, internal_app

SECRET = "the secret of operators' programs, long enough"
ADDRESS = "ana@example.com"


class Balances:
    """Implements ImportedBalances."""

    def __init__(self) -> None:
        self.account_id = new_id()
        self.granted: dict[str, tuple[UUID, int, datetime | None]] = {}

    async def account_of(self, owner: Owner) -> UUID | None:
        return self.account_id if owner.email == ADDRESS else None

    async def grant(
        self, balance_id: str, account_id: UUID, amount_credits: int, *, expires_at: datetime | None
    ) -> bool:
        is_new, asked = balance_id not in self.granted, (account_id, amount_credits, expires_at)
        if self.granted.setdefault(balance_id, asked) != asked:
            raise OsliraError("conflict", "imported before")
        return is_new


class Desk:
    def __init__(self) -> None:
        self.acts, self.balances = MemoryActs(), Balances()
        router = admin_router(
            import_routes(self.balances, self.acts),
            JwtOperators(Hs256Tokens("x" * 32), MemoryMemberships(), secret=SECRET),
        )
        app: Any = internal_app(Health(), [router])
        headers = {"Authorization": f"Bearer {sign_operator_token(SECRET, name='desk')}"}
        transport = httpx.ASGITransport(app)
        self._http = httpx.AsyncClient(transport=transport, base_url="http://inside", headers=headers)

    async def send(self, **body: Any) -> tuple[int, dict[str, Any]]:
        answer = await self._http.post("/v1/admin/imported-balances", json=body)
        return answer.status_code, answer.json()


async def test_a_balance_is_granted_once_and_on_record_without_the_address() -> None:
    desk = Desk()
    for is_new in (True, False):
        status, answer = await desk.send(id="old-1", credits=5, email=ADDRESS)
        assert (status, answer) == (200, {"account_id": str(desk.balances.account_id), "is_new": is_new})
    differing, _ = await desk.send(id="old-1", credits=6, email=ADDRESS)
    assert differing == 409
    acts = [(act.act, dict(act.targets), act.outcome) for act in desk.acts.acts.values()]
    assert acts == [
        ("import_balance", {"balance_id": "old-1"}, outcome) for outcome in ("done", "done", "conflict")
    ]


async def test_a_balance_of_zero_grants_nothing_and_an_unknown_users_is_rejected() -> None:
    desk = Desk()
    assert (await desk.send(id="old-1", credits=0, email=ADDRESS))[0] == 200
    status, problem = await desk.send(id="old-2", credits=5, email="nobody@example.com")
    assert (status, problem["code"]) == (404, "account_not_found")
    assert desk.balances.granted == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"credits": -1},
        {"credits": 1_000_000_001},
        {"email": None},
        {"id": ""},
        {"expires_at": "2030-01-01T00:00:00"},
    ],
    ids=["negative", "too much", "nobody's", "no id", "no time zone"],
)
async def test_a_balance_that_cannot_be_meant_is_refused_before_anything_is_done(
    wrong: dict[str, Any],
) -> None:
    desk = Desk()
    status, _ = await desk.send(**{"id": "old-1", "credits": 5, "email": ADDRESS, **wrong})
    assert (status, desk.balances.granted, desk.acts.acts) == (400, {}, {})
