"""Operators' routes: access, and that every action is in the audit log with its outcome."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import jwt
import pytest
from memory_identity import MemoryMemberships
from memory_operations import MemoryActs
from oslira_cli.operator_token import sign_operator_token
from oslira_devstack.make_user import sign_token
from oslira_gateway.identity.hs256 import Hs256Tokens
from oslira_gateway.operations.admin_app import admin_router
from oslira_gateway.operations.audit_log_routes import audit_log_routes
from oslira_gateway.operations.jobs_routes import jobs_routes
from oslira_gateway.operations.operator import JwtOperators
from oslira_shared.contracts.operator_tokens import AUDIENCE, TYPE
from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id
from oslira_shared.observability.health import Health, internal_app

USERS_SECRET = "the secret of users' tokens, long enough"
SECRET = "the secret of operators' programs, long enough"


class Owners:
    """Jobs whose owners all answer, but for those away."""

    def __init__(self) -> None:
        self.away: set[str] = set()
        self.asked: list[tuple[str, str, datetime]] = []

    async def run(self, owner: str, job: str, slot: datetime) -> str:
        if owner in self.away:
            raise OsliraError("unavailable", "away")
        self.asked.append((owner, job, slot))
        return "due"


class Desk:
    """The internal port with the admin routes, over memory."""

    def __init__(self, *, secret: str | None = SECRET) -> None:
        self.acts, self.owners, self.memberships = MemoryActs(), Owners(), MemoryMemberships()
        router = admin_router(
            [*audit_log_routes(self.acts), *jobs_routes(self.owners, self.acts)],
            JwtOperators(Hs256Tokens(USERS_SECRET), self.memberships, secret=secret),
        )
        app: Any = internal_app(Health(), [router])
        self._http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://inside")

    async def ask(
        self, method: str, path: str, token: str | None = None, **more: object
    ) -> tuple[int, dict[str, Any]]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = await self._http.request(method, f"/v1/admin{path}", headers=headers, json=more or None)
        return answer.status_code, answer.json()


def of_a_user(*, is_operator: bool, user_id: UUID | None = None) -> str:
    return sign_token(
        USERS_SECRET, user_id=user_id or new_id(), email="ops@example.com", is_operator=is_operator
    )


def forged(**claims: object) -> str:
    """A service token with claims of one's choice, well signed."""
    good = jwt.decode(
        sign_operator_token(SECRET, name="desk"), SECRET, algorithms=["HS256"], audience=AUDIENCE
    )
    said = {name: value for name, value in {**good, **claims}.items() if value is not None}
    return jwt.encode(said, SECRET, algorithm="HS256", headers={"typ": TYPE})


def of_a_service() -> str:
    claims = {"sub": "desk", "role": "service_role", "exp": 2**33}
    return jwt.encode(claims, USERS_SECRET, algorithm="HS256")


async def test_operators_by_token_and_services_by_theirs_are_let_in() -> None:
    desk = Desk()
    for token in (of_a_user(is_operator=True), sign_operator_token(SECRET, name="desk")):
        assert (await desk.ask("GET", "/acts", token))[0] == 200


@pytest.mark.parametrize(
    ("make", "status", "code"),
    [
        (lambda: None, 401, "unauthenticated"),
        (lambda: "rubbish", 401, "token_invalid"),
        (lambda: of_a_user(is_operator=False), 403, "forbidden"),
        (lambda: sign_operator_token(USERS_SECRET, name="desk"), 401, "token_invalid"),
        (
            lambda: sign_operator_token(SECRET, name="desk", life=timedelta(seconds=-60)),
            401,
            "token_expired",
        ),
        (lambda: sign_operator_token(SECRET, name="desk", life=timedelta(minutes=16)), 401, "token_invalid"),
        (lambda: sign_operator_token(SECRET, name="x" * 65), 401, "token_invalid"),
        (lambda: sign_operator_token(SECRET, name="a@b"), 401, "token_invalid"),
        (lambda: forged(aud="authenticated"), 401, "token_invalid"),
        (lambda: forged(sub=None), 401, "token_invalid"),
        (lambda: forged(iat=None), 401, "token_invalid"),
        (lambda: forged(exp=None), 401, "token_invalid"),
        (of_a_service, 403, "service_token_refused"),
    ],
    ids=[
        "none", "rubbish", "user", "users-secret", "expired", "too-long", "long-name", "email-name",
        "audience", "nameless", "no-iat", "no-exp", "service-role",
    ],
)  # fmt: skip
async def test_everybody_else_is_kept_out(make: Callable[[], str | None], status: int, code: str) -> None:
    # Made here: one made when tests are collected may have expired before its turn.
    desk, token = Desk(), make()
    for method, path in (("GET", "/acts"), ("POST", "/jobs/daily-cleanup")):
        answered, body = await desk.ask(method, path, token)
        assert (answered, body["code"]) == (status, code)
    assert (desk.acts.acts, desk.owners.asked) == ({}, [])


async def test_without_a_secret_no_service_token_is_good() -> None:
    answered, body = await Desk(secret=None).ask("GET", "/acts", sign_operator_token(SECRET, name="desk"))
    assert (answered, body["code"]) == (401, "token_invalid")


async def test_a_job_is_run_by_all_its_owners_and_stands_on_record() -> None:
    desk, token = Desk(), sign_operator_token(SECRET, name="desk")
    desk.owners.away = {"billing"}
    status, body = await desk.ask("POST", "/jobs/daily-cleanup", token, slot="2026-11-22T02:00:00Z")
    assert status == 202
    assert body["owners"] == {"gateway": "due", "credits": "due", "analysis": "due", "billing": "unavailable"}
    (act,) = (await desk.ask("GET", "/acts", token))[1]["items"]
    assert (act["actor"], act["act"], act["outcome"]) == ("service:desk", "run_job", "done")
    assert act["targets"] == {"job": "daily-cleanup", "slot": "2026-11-22T02:00:00+00:00"}


async def test_an_act_that_fails_stands_on_record_with_its_code() -> None:
    desk, token = Desk(), sign_operator_token(SECRET, name="desk")
    assert (await desk.ask("POST", "/jobs/none-such", token, slot="2026-11-22T02:00:00Z"))[0] == 404
    desk.owners.away = {"billing"}
    assert (await desk.ask("POST", "/jobs/subscription-sync", token, slot=None))[0] == 503
    assert [act.outcome for act in desk.acts.acts.values()] == ["not_found", "unavailable"]


async def test_the_record_comes_in_pages() -> None:
    desk, token = Desk(), sign_operator_token(SECRET, name="desk")
    for number in range(5):
        await desk.acts.begin("service:desk", f"act-{number}", {})
    seen: list[object] = []
    path = "/acts?limit=2"
    while path:
        _, page = await desk.ask("GET", path, token)
        seen += [act["act"] for act in page["items"]]
        path = f"/acts?limit=2&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert seen == [f"act-{number}" for number in (4, 3, 2, 1, 0)]
    assert (await desk.ask("GET", "/acts?cursor=nowhere", token))[0] == 400


async def test_an_operator_who_signed_out_is_kept_out() -> None:
    desk, user_id = Desk(), new_id()
    token = of_a_user(is_operator=True, user_id=user_id)
    assert (await desk.ask("GET", "/acts", token))[0] == 200
    desk.memberships.ended.add((user_id, ""))
    status, body = await desk.ask("GET", "/acts", token)
    assert (status, body["code"]) == (401, "signed_out")
