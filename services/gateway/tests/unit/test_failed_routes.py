"""Failed work as operators see it: one list of all owners, in pages; looking closer and trying again stand on record."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from memory_identity import MemoryMemberships
from memory_operations import MemoryActs
from oslira_cli.operator_token import sign_operator_token
from oslira_gateway.identity.hs256 import Hs256Tokens
from oslira_gateway.operations.admin_app import admin_router
from oslira_gateway.operations.failed_routes import failed_routes
from oslira_gateway.operations.failed_work import Replayed, first_answer
from oslira_gateway.operations.operator import JwtOperators
from oslira_shared.contracts.failed import FailedDetail, FailedItem, FailedQuery
from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id
from oslira_shared.observability.health import Health, internal_app

SECRET = "the secret of operators' programs, long enough"
AT = datetime(2026, 11, 22, 2, tzinfo=UTC)


def item(
    number: int, *, kind: str = "run", code: str = "profile_not_found", cause: str = "ours"
) -> FailedItem:
    return FailedItem(
        kind=kind,
        id=new_id(),
        account_id=new_id(),
        at=AT + timedelta(minutes=number),
        attempts=1,
        code=code,
        detail="",
        cause=cause,
    )


class Failures:
    """Implements FailedWork."""

    def __init__(self) -> None:
        self.items = [
            item(
                number,
                kind="webhook" if number % 3 == 2 else "run",
                code=f"code-{number % 2}",
                cause="verdict" if number % 4 == 1 else "supplier",
            )
            for number in range(7)
        ]
        self.replayed: list[UUID] = []

    async def newest(self, query: FailedQuery, *, kind: str | None) -> list[FailedItem]:
        found = [
            one
            for one in sorted(self.items, key=lambda one: (one.at, one.id), reverse=True)
            if kind in {None, one.kind}
            and query.code in {None, one.code}
            and query.account_id in {None, one.account_id}
            and query.is_verdict in {None, one.cause == "verdict"}
            and (query.before_at is None or (one.at, one.id) < (query.before_at, query.before_id))
        ]
        return found[: query.limit]

    async def show(self, item_id: UUID) -> FailedDetail:
        for one in self.items:
            if one.id == item_id:
                return FailedDetail(item=one, kept={"failures": 3})
        raise OsliraError("not_found", "nothing")

    async def replay(self, item_id: UUID) -> Replayed:
        if item_id in self.replayed:
            raise OsliraError("conflict", "replayed before")
        self.replayed.append(item_id)
        return Replayed("run", item_id, new_id())


class Desk:
    def __init__(self) -> None:
        self.acts, self.failures = MemoryActs(), Failures()
        router = admin_router(
            failed_routes(self.failures, self.acts),
            JwtOperators(Hs256Tokens("x" * 32), MemoryMemberships(), secret=SECRET),
        )
        app: Any = internal_app(Health(), [router])
        headers = {"Authorization": f"Bearer {sign_operator_token(SECRET, name='desk')}"}
        transport = httpx.ASGITransport(app)
        self._http = httpx.AsyncClient(transport=transport, base_url="http://inside", headers=headers)

    async def ask(self, method: str, path: str) -> tuple[int, dict[str, Any]]:
        answer = await self._http.request(method, f"/v1/admin/failed{path}")
        return answer.status_code, answer.json()

    async def ids(self, query: str = "") -> list[str]:
        """All pages."""
        found: list[str] = []
        cursor = ""
        while True:
            status, page = await self.ask("GET", f"?limit=2{query}{cursor}")
            assert status == 200
            found += [one["id"] for one in page["items"]]
            if page["next_cursor"] is None:
                return found
            cursor = f"&cursor={page['next_cursor']}"


async def test_failed_work_is_listed_newest_first_in_pages_without_an_audit_entry() -> None:
    desk = Desk()
    assert await desk.ids() == [str(one.id) for one in reversed(desk.failures.items)]
    assert desk.acts.acts == {}


async def test_it_is_filtered_by_kind_code_and_account() -> None:
    desk = Desk()
    items = list(reversed(desk.failures.items))
    assert await desk.ids("&kind=webhook") == [str(one.id) for one in items if one.kind == "webhook"]
    assert await desk.ids("&code=code-1") == [str(one.id) for one in items if one.code == "code-1"]
    assert await desk.ids(f"&account_id={items[0].account_id}") == [str(items[0].id)]
    assert await desk.ids("&cause=verdict") == [str(one.id) for one in items if one.cause == "verdict"]
    assert await desk.ids("&cause=fault") == [str(one.id) for one in items if one.cause != "verdict"]


@pytest.mark.parametrize(
    "query", ["?kind=letter", "?limit=0", "?limit=201", "?cursor=nowhere", "?account_id=x", "?cause=mine"]
)
async def test_what_is_no_filter_is_refused(query: str) -> None:
    status, body = await Desk().ask("GET", query)
    assert (status, body["code"]) == (400, "invalid_request")


async def test_one_is_shown_and_replayed_once_on_record() -> None:
    desk = Desk()
    one = desk.failures.items[0]
    status, shown = await desk.ask("GET", f"/{one.id}")
    assert (status, shown["item"]["code"], shown["kept"]) == (200, "code-0", {"failures": 3})
    status, replayed = await desk.ask("POST", f"/{one.id}/replay")
    assert (status, replayed["id"]) == (202, str(one.id))
    assert (await desk.ask("POST", f"/{one.id}/replay"))[0] == 409
    assert (await desk.ask("GET", f"/{new_id()}"))[0] == 404
    acts = [(act.act, act.outcome) for act in desk.acts.acts.values()]
    assert acts == [
        ("show_failed", "done"),
        ("replay", "done"),
        ("replay", "conflict"),
        ("show_failed", "not_found"),
    ]
    assert next(iter(desk.acts.acts.values())).targets == {"id": str(one.id)}


@pytest.mark.parametrize(
    ("analysis", "billing", "code"),
    [
        ("run_not_found", "not_found", "not_found"),
        ("run_not_found", None, None),
        ("unavailable", None, None),
        ("unavailable", "not_found", "unavailable"),
        ("conflict", None, "conflict"),
    ],
)
async def test_not_found_needs_an_answer_of_every_service(
    analysis: str | None, billing: str | None, code: str | None
) -> None:
    codes = {"analysis": analysis, "billing": billing}

    async def ask(owner: str) -> str:
        if (refused := codes[owner]) is not None:
            raise OsliraError(refused, "no")
        return owner

    if code is None:
        assert await first_answer(ask) == "billing"
        return
    with pytest.raises(OsliraError) as raised:
        await first_answer(ask)
    assert raised.value.code == code
