"""An operator ends a customer's run or bulk, and the audit log says who did it."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from memory_identity import MemoryMemberships
from memory_operations import MemoryActs
from oslira_cli.operator_token import sign_operator_token
from oslira_gateway.identity.hs256 import Hs256Tokens
from oslira_gateway.operations.admin_app import admin_router
from oslira_gateway.operations.cancel_routes import cancel_routes
from oslira_gateway.operations.operator import JwtOperators
from oslira_shared.contracts.analysis.v1 import RunStatus
from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id
from oslira_shared.observability.health import Health, internal_app

SECRET = "the secret of operators' programs, long enough"


class Work:
    """Runs and bulks of one account; `status` is what analysis answers."""

    def __init__(self) -> None:
        self.account_id, self.run_id, self.bulk_id = new_id(), new_id(), new_id()
        self.status = RunStatus.CANCELLED
        self.is_away = False
        self.requested: list[tuple[UUID, UUID]] = []

    async def of_run(self, run_id: UUID) -> UUID | None:
        return self.account_id if run_id == self.run_id else None

    async def of_bulk(self, bulk_id: UUID) -> UUID | None:
        return self.account_id if bulk_id == self.bulk_id else None

    async def cancel(self, work_id: UUID, account_id: UUID) -> Any:
        if self.is_away:
            raise OsliraError("unavailable", "analysis does not answer")
        self.requested.append((work_id, account_id))
        return self.status


class Desk:
    def __init__(self) -> None:
        self.acts, self.work = MemoryActs(), Work()
        work: Any = self.work
        router = admin_router(
            cancel_routes(work, work, work, self.acts),
            JwtOperators(Hs256Tokens("x" * 32), MemoryMemberships(), secret=SECRET),
        )
        app: Any = internal_app(Health(), [router])
        headers = {"Authorization": f"Bearer {sign_operator_token(SECRET, name='desk')}"}
        transport = httpx.ASGITransport(app=app)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://gateway", headers=headers)

    def recorded(self) -> list[tuple[str, str, str | None]]:
        return [(act.actor, act.act, act.outcome) for act in self.acts.acts.values()]


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_a_run_of_any_account_is_cancelled_on_record(desk: Desk) -> None:
    answer = await desk.http.post(f"/v1/admin/runs/{desk.work.run_id}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert desk.work.requested == [(desk.work.run_id, desk.work.account_id)]
    assert desk.recorded() == [("service:desk", "cancel_run", "done")]


async def test_a_run_that_has_ended_says_how(desk: Desk) -> None:
    desk.work.status = RunStatus.COMPLETED
    answer = await desk.http.post(f"/v1/admin/runs/{desk.work.run_id}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (200, "completed")


async def test_a_bulk_of_any_account_is_cancelled_on_record(desk: Desk) -> None:
    answer = await desk.http.post(f"/v1/admin/bulk/{desk.work.bulk_id}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert desk.recorded() == [("service:desk", "cancel_bulk", "done")]


@pytest.mark.parametrize(("kind", "code"), [("runs", "run_not_found"), ("bulk", "bulk_not_found")])
async def test_what_does_not_exist_is_404_and_recorded(desk: Desk, kind: str, code: str) -> None:
    answer = await desk.http.post(f"/v1/admin/{kind}/{new_id()}/cancel")
    assert (answer.status_code, answer.json()["code"]) == (404, code)
    assert [outcome for _, _, outcome in desk.recorded()] == [code]


async def test_a_cancel_without_an_answer_is_503_and_recorded(desk: Desk) -> None:
    desk.work.is_away = True
    answer = await desk.http.post(f"/v1/admin/runs/{desk.work.run_id}/cancel")
    assert answer.status_code == 503
    assert [outcome for _, _, outcome in desk.recorded()] == ["unavailable"]


async def test_only_operators_cancel(desk: Desk) -> None:
    answer = await desk.http.post(
        f"/v1/admin/runs/{desk.work.run_id}/cancel", headers={"Authorization": "Bearer x"}
    )
    assert answer.status_code == 401
    assert desk.work.requested == []
