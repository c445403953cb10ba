"""Every error is a problem with a stable code, from every source."""

import asyncio
from typing import Any

import asyncpg
import httpx
import pytest
from http_answers import assert_problem, client_of
from litestar import get
from memory_analyses import MemoryRuns
from nats.errors import ConnectionClosedError, NoRespondersError
from oslira_gateway.http.listing import Cursor
from oslira_gateway.http.problems import as_oslira_error, status_of
from oslira_gateway.identity.caller import Member
from oslira_gateway.runs.run import Run
from oslira_shared.errors import CODES, OsliraError
from oslira_shared.ids import new_id

# Fixed: the names of parametrised tests must be the same in every process.
UNKNOWN_ID = "01a2043a-40d1-77fb-9a74-47f80fe61e20"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/v1/nowhere", 404, "not_found"),
        ("DELETE", "/v1/plans", 405, "method_not_allowed"),
        ("GET", "/v1/runs/not-an-id", 404, "run_not_found"),
        ("GET", f"/v1/runs/{UNKNOWN_ID}", 404, "run_not_found"),
        ("GET", "/v1/runs?limit=0", 400, "invalid_request"),
        ("GET", "/v1/runs?limit=101", 400, "invalid_request"),
        ("GET", "/v1/runs?status=sleeping", 400, "invalid_request"),
        ("GET", "/v1/runs?cursor=abc", 400, "invalid_request"),
        ("GET", "/v1/business-profiles/7", 404, "business_profile_not_found"),
        ("GET", f"/v1/runs/{UNKNOWN_ID}/events?ticket=x.y", 401, "ticket_invalid"),
        ("GET", f"/v1/runs/{UNKNOWN_ID}/events", 404, "run_not_found"),
    ],
)
async def test_every_error_is_a_problem(  # noqa: PLR0917
    api: Any, client: httpx.AsyncClient, member: Member, method: str, path: str, status: int, code: str
) -> None:
    assert_problem(await client.request(method, path, headers=api.join(member)), status, code)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b'{"username": "a"}'])
async def test_a_body_that_is_none_is_a_problem(
    api: Any, client: httpx.AsyncClient, member: Member, body: bytes
) -> None:
    headers = api.join(member) | {"content-type": "application/json"}
    assert_problem(await client.post("/v1/analyses", headers=headers, content=body), 400, "invalid_request")


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
async def test_a_body_that_does_not_say_it_is_json_is_refused(
    api: Any, client: httpx.AsyncClient, member: Member, media_type: str
) -> None:
    headers = api.join(member) | {"content-type": media_type}
    response = await client.post("/v1/analyses", headers=headers, content=b"{}")
    assert_problem(response, 415, "unsupported_media_type")


async def test_a_problem_never_repeats_the_query(client: httpx.AsyncClient) -> None:
    response = await client.get(f"/v1/runs/{new_id()}/events?ticket={'secret' * 100}")
    assert_problem(response, 400, "invalid_request")
    assert "secret" not in response.text


async def test_a_large_body_is_refused(api: Any, client: httpx.AsyncClient, member: Member) -> None:
    headers = api.join(member) | {"content-type": "application/json"}
    response = await client.post("/v1/analyses", headers=headers, content=b" " * 70_000)
    assert_problem(response, 413, "body_too_large")


async def test_an_unhandled_error_is_a_problem_without_internals(api: Any) -> None:
    @get("/broken", sync_to_thread=False)
    def broken() -> None:
        raise ValueError("secret internals")

    @get("/away", sync_to_thread=False)
    def away() -> None:
        raise ConnectionRefusedError

    app = api.app
    app._app.register(broken)
    app._app.register(away)
    async with client_of(app) as client:
        response = await client.get("/broken")
        assert_problem(response, 500, "internal")
        assert "secret" not in response.text
        assert_problem(await client.get("/away"), 503, "unavailable")


async def test_a_request_that_takes_too_long_ends(api: Any, member: Member) -> None:
    class SlowRuns(MemoryRuns):
        async def page(self, *_: object, **__: object) -> list[Run]:
            await asyncio.sleep(5)
            return []

    api.request_timeout_s = 0.05
    api.runs = SlowRuns()
    async with client_of(api.app) as client:
        assert_problem(await client.get("/v1/runs", headers=api.join(member)), 503, "timeout")


@pytest.mark.parametrize(
    "lost",
    [
        asyncpg.InvalidPasswordError("p"),
        asyncpg.InvalidAuthorizationSpecificationError("p"),
        asyncpg.InvalidCatalogNameError("p"),
        asyncpg.CannotConnectNowError("p"),
        asyncpg.AdminShutdownError("p"),
        asyncpg.ConnectionDoesNotExistError("p"),
        asyncpg.TooManyConnectionsError("p"),
        asyncpg.ReadOnlySQLTransactionError("p"),
        asyncpg.InternalClientError("p"),
        asyncpg.InvalidCachedStatementError("p"),
        asyncpg.InterfaceError("p"),
        asyncpg.PostgresIOError("p"),
        ConnectionResetError(),
        TimeoutError(),
        NoRespondersError(),
        ConnectionClosedError(),
    ],
    ids=lambda lost: type(lost).__name__,
)
async def test_the_loss_of_a_dependency_is_unavailable_with_retry_after(api: Any, lost: Exception) -> None:
    @get("/lost", sync_to_thread=False)
    def lose() -> None:
        raise lost

    app = api.app
    app._app.register(lose)
    async with client_of(app) as client:
        answer = await client.get("/lost")
    assert_problem(answer, 503, "unavailable")
    assert answer.headers["retry-after"] == "2"


def test_every_code_has_a_status() -> None:
    assert all(400 <= status_of(OsliraError(code, "")) < 600 for code in CODES)
    assert as_oslira_error(RuntimeError("x")).detail != "x"


@pytest.mark.parametrize("text", ["", "é", "AAAA", "MTIz", "OTk5OTktMDEtMDF8eA==", "|"])
def test_cursors_that_no_list_returned_are_refused(text: str) -> None:
    with pytest.raises(OsliraError):
        Cursor.decode(text)
