"""What operators see of failed work, and how they try it again."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest
from oslira_devstack.access import access_to
from oslira_devstack.client import ApiError
from oslira_devstack.failed_work import list_failed, replay_failed, show_failed
from oslira_devstack.stack import Stack
from oslira_shared.errors import OsliraError
from people import differences, foreign_id, person


async def test_a_failed_run_is_listed_shown_and_replayed_once(stack: Stack) -> None:
    access = access_to(stack.describe(), stack.credentials)
    async with person(stack, available_credits=5) as user:
        _, accepted = await user.analyze("missing-replayed")
        await user.settled(accepted["run_id"])
        listed = {item.id: item for item in await list_failed(access, limit=50)}
        assert listed[accepted["run_id"]].reason.startswith("profile_not_found")
        shown = await show_failed(access, accepted["run_id"])
        assert shown is not None
        assert (shown["type"], shown["error_code"]) == ("light", "profile_not_found")
        assert shown["attempt"] >= 1
        replays = await asyncio.gather(*(replay_failed(access, accepted["run_id"]) for _ in range(3)))
        assert len(set(replays)) == 1
        again = await user.settled(replays[0])
        assert (again["username"], again["status"]) == ("missing-replayed", "failed")
        # That one failed and was released: it is the one to replay now.
        with pytest.raises(OsliraError) as replayed:
            await replay_failed(access, accepted["run_id"])
        assert replayed.value.code == "conflict"
        with pytest.raises(OsliraError) as unknown:
            await replay_failed(access, str(foreign_id()))
        assert unknown.value.code == "run_not_found"
        assert (await user.client.balance())["available"] == 5
    assert await differences(stack) == []


async def test_the_oslira_command_shows_failed_work_and_runs_a_file(stack: Stack, tmp_path: Path) -> None:
    oslira = str(Path(sys.executable).with_name("oslira"))
    environment = {"OSLIRA_DATA_DIR": str(stack.data.path), "PATH": "/usr/bin:/bin"}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [oslira, *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    names = tmp_path / "names.csv"
    names.write_text("username\nfile.one\n\nfile.two\nmissing-file\n")
    ran = await asyncio.to_thread(run, "bulk", str(names), "--user", "bulk-cli@oslira.test")
    assert ran.returncode == 0, ran.stderr
    assert "line 3: blank" in ran.stdout
    assert "2 completed, 1 failed" in ran.stdout
    listed = await asyncio.to_thread(run, "failed", "list", "--json")
    runs = [item for item in json.loads(listed.stdout) if item["kind"] == "run"]
    shown = await asyncio.to_thread(run, "failed", "show", runs[0]["id"])
    assert json.loads(shown.stdout)["username"] == "missing-file"
    assert (await asyncio.to_thread(run, "failed", "show", "nonsense")).returncode == 1


async def test_a_bulk_beyond_the_days_cost_is_refused_and_its_hold_comes_back(stack: Stack) -> None:
    access = access_to(stack.describe(), stack.credentials)
    analysis = await asyncpg.connect(access.database_url("analysis_service"))
    async with person(stack, available_credits=5) as user:
        await analysis.execute("update analysis.cost_limits set daily_nano_usd = 1")
        try:
            with pytest.raises(ApiError) as refused:
                await user.client.make_bulk(
                    ["cost.a", "cost.b"], business_profile_id=user.who.business_profile_id
                )
        finally:
            await analysis.execute("update analysis.cost_limits set daily_nano_usd = configured")
            await analysis.close()
        assert (refused.value.status, refused.value.code) == (429, "cost_limit_reached")
        balance = await user.client.balance()
        assert (balance["available"], balance["held"]) == (5, 0)
