"""`oslira import`: opening balances come once, bad lines are named and stop no other line."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio
from oslira_cli.balance_file import UnreadableFile, read_lines
from oslira_cli.commands.import_ import Imported, import_balances
from oslira_cli.deployment import Login
from oslira_cli.operator_token import sign_operator_token
from oslira_devstack.stack import Stack
from people import Person, differences, person


class Office:
    """Three users without credits, and files of an earlier system, whose ids `mark` makes this test's own."""

    def __init__(self, stack: Stack, users: list[Person], folder: Path) -> None:
        token = sign_operator_token(stack.credentials.operator_secret, name="imports")
        self.login = Login(stack.describe()["admin_url"], token)
        self.users, self.mark, self._folder = users, uuid4().hex[:8], folder

    def file(self, text: str, *, encoding: str = "utf-8") -> Path:
        path = self._folder / f"{uuid4().hex}.csv"
        path.write_text(text.replace("old-", f"{self.mark}-"), encoding=encoding)
        return path

    async def imported(self, text: str) -> Imported:
        return await import_balances(self.login, list(read_lines(self.file(text))))

    async def balances(self) -> list[int]:
        return [(await user.client.balance())["available"] for user in self.users]

    def ids(self) -> list[str]:
        return [str(user.who.user_id) for user in self.users]


@pytest_asyncio.fixture
async def office(stack: Stack, tmp_path: Path) -> AsyncGenerator[Office]:
    async with AsyncExitStack() as opened:
        users = [await opened.enter_async_context(person(stack, available_credits=0)) for _ in range(3)]
        yield Office(stack, users, tmp_path)
    assert await differences(stack) == []


async def lines(office: Office) -> str:
    a, b, c = office.users
    connection = await asyncpg.connect(b.access.database_url("gateway_service"))
    try:
        email = await connection.fetchval("select email from identity.users where id = $1", b.who.user_id)
    finally:
        await connection.close()
    return (
        "id,user_id,email,account_id,credits,expires_at\n"
        f"old-1,{a.who.user_id},,,120,\n"
        f"old-2,,{email.upper()},,30,2030-01-01\n"
        f"old-3,,,{c.who.account_id},0,\n"
    )


async def test_an_import_grants_each_balance_once_however_often_it_is_made(office: Office) -> None:
    text = await lines(office)
    first = await office.imported(text)
    assert (first.granted, first.granted_credits, first.empty, first.bad) == (2, 150, 1, {})
    again = await asyncio.gather(*(office.imported(text) for _ in range(3)))
    assert {(one.granted, one.granted_before) for one in again} == {(0, 2)}
    assert await office.balances() == [120, 30, 0]
    for user, expires in zip(office.users[:2], (None, "2030-01-01T00:00:00Z"), strict=True):
        (grant,) = (await user.client.balance())["grants"]
        assert (grant["source"], grant["expires_at"]) == ("migration", expires)


async def test_bad_lines_are_named_by_number_and_the_others_are_imported(office: Office) -> None:
    a, b, _ = office.ids()
    of_b = office.users[1].who.account_id
    done = await office.imported(
        "credits,id,user_id,account_id\n"
        f"1,old-1,{a},\n"
        f"ten,old-2,{a},\n"
        f"-5,old-3,{a},\n"
        "\n"
        f"5,old-4,{of_b},\n"
        f"5,old-1,{a},\n"
        f"5,old-5,{a},{of_b}\n"
        "5,old-6,,\n"
        f"5,,{a},\n"
        f"1_0,old-7,{a},\n"
        f"2,old-8,{b},\n"
    )
    assert (done.granted, sorted(done.bad)) == (2, [3, 4, 6, 7, 8, 9, 10, 11])
    assert "line 2" in done.bad[7]
    assert await office.balances() == [1, 2, 0]


async def test_another_balance_under_an_id_that_was_imported_changes_nothing(office: Office) -> None:
    a, b, _ = office.ids()
    await office.imported(f"id,user_id,credits\nold-x,{a},10\n")
    for text in (f"old-x,{a},11", f"old-x,{b},10"):
        done = await office.imported(f"id,user_id,credits\n{text}\n")
        assert "imported before" in done.bad[2]
    assert await office.balances() == [10, 0, 0]


@pytest.mark.parametrize("text", ["", "id,credits\n", "user_id,credits\n", 'id,user_id,credits\n"a,b'])
def test_a_file_that_cannot_be_read_grants_nothing(text: str, tmp_path: Path) -> None:
    path = tmp_path / "balances.csv"
    path.write_text(text)
    with pytest.raises(UnreadableFile):
        list(read_lines(path))


async def test_the_command_needs_a_url_and_a_token_and_no_database(office: Office) -> None:
    command = [str(Path(sys.executable).with_name("oslira")), "import", "--json"]
    env = {
        "OSLIRA_ADMIN_URL": office.login.url,
        "OSLIRA_OPERATOR_TOKEN": office.login.token,
        "OSLIRA_DATA_DIR": "/nonexistent/oslira",
    }

    def run(path: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*command, str(path)], env=env, capture_output=True, text=True, check=False)

    done = await asyncio.to_thread(run, office.file(await lines(office), encoding="utf-8-sig"))
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["granted"], said["granted_credits"], said["bad"]) == (2, 150, {})
    unreadable = await asyncio.to_thread(run, office.file("id,credits\n"))
    assert (unreadable.returncode, unreadable.stdout) == (2, "")
