"""A statement of an account's credits: its pages, its file, and whose it is."""

import csv
import io
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from oslira_gateway.credits.transaction import Transaction
from oslira_gateway.identity.caller import Member


def line(position: int, change: int = 1, description: str | None = None) -> Transaction:
    return Transaction(
        transaction_id=UUID(int=position),
        position=position,
        kind="grant",
        type="pack",
        description=description,
        change=change,
        spent=0,
        available=position,
        held=0,
        frozen=0,
        debt=0,
        hold_id=None,
        created_at=datetime(2026, 11, position, tzinfo=UTC),
    )


@pytest_asyncio.fixture
async def asking(api: Any, client: httpx.AsyncClient, member: Member) -> AsyncGenerator[httpx.AsyncClient]:
    client.headers.update(api.join(member))
    api.statements.lines[member.account_id] = [line(position) for position in range(1, 6)]
    yield client


async def test_pages_go_from_the_newest_to_the_first_and_repeat_nothing(asking: httpx.AsyncClient) -> None:
    seen: list[int] = []
    cursor: str | None = None
    while True:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await asking.get("/v1/credits/transactions", params=query)).json()
        seen += [one["position"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [5, 4, 3, 2, 1]


@pytest.mark.parametrize("cursor", ["x", "MA==", "LTE=", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OQ==", "MS41", "é"])
async def test_a_cursor_that_no_list_returned_is_refused(asking: httpx.AsyncClient, cursor: str) -> None:
    answer = await asking.get("/v1/credits/transactions", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


async def test_the_file_has_every_line_and_no_formula(
    api: Any, asking: httpx.AsyncClient, member: Member
) -> None:
    api.statements.lines[member.account_id].append(line(6, change=-3, description="=cmd()"))
    answer = await asking.get("/v1/credits/transactions.csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="transactions.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["position"] for row in rows] == ["6", "5", "4", "3", "2", "1"]
    assert (rows[0]["change"], rows[0]["description"], rows[1]["description"]) == ("-3", "'=cmd()", "")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"from": "2026-11-02T00:00:00"}, [5, 4, 3, 2]),
        ({"to": "2026-11-04T00:00:00Z"}, [3, 2, 1]),
        ({"from": "2026-11-02T00:00:00", "to": "2026-11-03T00:00:01Z"}, [3, 2]),
        ({"from": "2027-01-01T00:00:00Z"}, []),
    ],
    ids=str,
)
async def test_a_statement_is_of_the_days_that_were_asked_for(
    asking: httpx.AsyncClient, query: dict[str, str], expected: list[int]
) -> None:
    page = (await asking.get("/v1/credits/transactions", params=query)).json()
    assert [one["position"] for one in page["items"]] == expected
    file = await asking.get("/v1/credits/transactions.csv", params=query)
    rows = csv.DictReader(io.StringIO(file.content.decode("utf-8-sig")))
    assert [int(row["position"]) for row in rows] == expected


async def test_a_statement_of_no_time_is_refused(asking: httpx.AsyncClient) -> None:
    for path in ("/v1/credits/transactions", "/v1/credits/transactions.csv"):
        for query in (
            {"from": "2026-11-02T00:00:00Z", "to": "2026-11-02T00:00:00Z"},
            {"from": "yesterday"},
            {"form": "2026-11-02T00:00:00Z"},
        ):
            answer = await asking.get(path, params=query)
            assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


async def test_another_account_sees_nothing_of_it(
    api: Any, asking: httpx.AsyncClient, stranger: Member
) -> None:
    answer = await asking.get("/v1/credits/transactions", headers=api.join(stranger))
    assert answer.json() == {"items": [], "next_cursor": None}
