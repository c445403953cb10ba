"""`oslira import`: opening balances come once, bad lines are named and stop nobody."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from oslira_devstack.databases import Database
from oslira_devstack.make_user import MadeUser, make_user
from oslira_devstack.moving_in import UnreadableFile, move_in
from oslira_shared.postgres.clients import Pool, open_pool


class Office:
    """Three users, and files of the system before."""

    def __init__(self, gateway: Pool, ledger: Pool, database: Database, folder: Path) -> None:
        self.gateway, self.ledger, self.database, self._folder = gateway, ledger, database, folder
        self.users: list[MadeUser] = []

    def file(self, text: str, *, encoding: str = "utf-8") -> Path:
        path = self._folder / "balances.csv"
        path.write_text(text, encoding=encoding)
        return path

    async def move_in(self, text: str) -> Any:
        urls = {
            "gateway_url": self.database.url("gateway_service"),
            "credits_url": self.database.url("credits_service"),
        }
        return await move_in(self.file(text), **urls)

    async def balances(self) -> list[int]:
        query = "select coalesce(sum(amount), 0)::int from credits.balances where account_id = $1 and kind = 'available'"
        return [await self.ledger.fetchval(query, user.account_id) for user in self.users]


@pytest_asyncio.fixture
async def office(database: Database, tmp_path: Path) -> AsyncGenerator[Office]:
    async with (
        await open_pool(database.url("gateway_service"), service="gateway", min_size=1) as gateway,
        await open_pool(database.url("credits_service"), service="credits", min_size=1) as ledger,
    ):
        office = Office(gateway, ledger, database, tmp_path)
        async with gateway.acquire() as connection:
            office.users = [await make_user(connection, email=f"{name}@oslira.test") for name in "abc"]
        yield office


def lines(office: Office) -> str:
    a, _, c = office.users
    return (
        "id,user_id,email,account_id,credits,expires_at\n"
        f"old-1,{a.user_id},,,120,\n"
        "old-2,,B@Oslira.test,,30,2030-01-01\n"
        f"old-3,,,{c.account_id},0,\n"
    )


async def test_an_import_grants_each_balance_once_however_often_it_is_made(office: Office) -> None:
    first = await office.move_in(lines(office))
    assert (first.granted, first.granted_credits, first.empty, first.bad) == (2, 150, 1, {})
    again = await asyncio.gather(*(office.move_in(lines(office)) for _ in range(3)))
    assert {(one.granted, one.granted_before) for one in again} == {(0, 2)}
    assert await office.balances() == [120, 30, 0]
    rows = await office.ledger.fetch(
        "select source, idempotency_key, expires_at is null as stays from credits.grants order by 2"
    )
    assert [tuple(row) for row in rows] == [
        ("migration", "migration:old-1", True),
        ("migration", "migration:old-2", False),
    ]


async def test_bad_lines_are_named_by_number_and_the_others_are_imported(office: Office) -> None:
    a, b, _ = office.users
    done = await office.move_in(
        "credits,id,user_id,account_id\n"
        f"1,x1,{a.user_id},\n"
        f"ten,x2,{a.user_id},\n"
        f"-5,x3,{a.user_id},\n"
        "\n"
        f"5,x4,{b.account_id},\n"
        f"5,x1,{a.user_id},\n"
        f"5,x5,{a.user_id},{b.account_id}\n"
        "5,x6,,\n"
        f"5,,{a.user_id},\n"
        f"1_0,x7,{a.user_id},\n"
        f"2,x8,{b.user_id},\n"
    )
    assert (done.granted, sorted(done.bad)) == (2, [3, 4, 6, 7, 8, 9, 10, 11])
    assert "line 2" in done.bad[7]
    assert await office.balances() == [1, 2, 0]


async def test_another_balance_under_an_id_that_was_imported_changes_nothing(office: Office) -> None:
    a, b, _ = office.users
    await office.move_in(f"id,user_id,credits\nx,{a.user_id},10\n")
    for text in (f"x,{a.user_id},11", f"x,{b.user_id},10"):
        done = await office.move_in(f"id,user_id,credits\n{text}\n")
        assert "imported before" in done.bad[2]
    assert await office.balances() == [10, 0, 0]


@pytest.mark.parametrize("text", ["", "id,credits\n", "user_id,credits\n", 'id,user_id,credits\n"a,b'])
async def test_a_file_that_cannot_be_read_grants_nothing(office: Office, text: str) -> None:
    with pytest.raises(UnreadableFile):
        await office.move_in(text)


async def test_the_command_audits_and_says_so_to_programs(office: Office, database: Database) -> None:
    names = ("gateway", "credits", "analysis")
    env = {f"{name.upper()}_DATABASE_URL": database.url(f"{name}_service") for name in names}
    command = [sys.executable, "-m", "oslira_devstack", "import", "--json"]
    path = office.file(lines(office), encoding="utf-8-sig")
    done = await asyncio.to_thread(
        subprocess.run, [*command, str(path)], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["granted"], said["granted_credits"], said["bad"], said["differences"]) == (2, 150, {}, [])
