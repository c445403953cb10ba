"""What operators see of failed work, and how they try it again."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import asyncpg
import httpx
import pytest
from oslira_client import ApiError
from oslira_devstack.access import Access, access_to
from oslira_devstack.failed_work import list_failed, replay_failed, show_failed
from oslira_devstack.stack import Stack
from oslira_gateway.operations.operator import sign_operator_token
from oslira_shared.errors import OsliraError
from people import differences, foreign_id, person


async def acts_about(access: Access, target: str, *, named: str = "id") -> list[tuple[str, str]]:
    """What operators are on record for having done to it."""
    gateway = await asyncpg.connect(access.database_url("gateway_service"))
    try:
        query = "select act, outcome from identity.operator_acts where targets ->> $1 = $2 order by begun_at"
        return [tuple(row) for row in await gateway.fetch(query, named, target)]
    finally:
        await gateway.close()


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
        assert await acts_about(access, accepted["run_id"]) == [("replay", "done")] * 3
        # That one failed and was released: it is the one to replay now.
        with pytest.raises(OsliraError) as replayed:
            await replay_failed(access, accepted["run_id"])
        assert replayed.value.code == "conflict"
        with pytest.raises(OsliraError) as unknown:
            await replay_failed(access, str(foreign_id()))
        assert unknown.value.code == "run_not_found"
        assert (await user.client.balance())["available"] == 5
    assert await differences(stack) == []


async def test_operators_list_show_and_replay_it_over_http_and_stand_on_record(stack: Stack) -> None:
    inside = stack.describe()["processes"]["gateway"]["url"]
    token = sign_operator_token(stack.credentials.operator_secret, name="night-shift")
    async with (
        person(stack, available_credits=5) as user,
        httpx.AsyncClient(
            base_url=inside.removesuffix("/health/ready"), headers={"Authorization": f"Bearer {token}"}
        ) as http,
    ):
        _, accepted = await user.analyze("missing-by-http")
        await user.settled(accepted["run_id"])
        run_id, account_id = accepted["run_id"], str(user.who.account_id)
        (item,) = (await http.get("/v1/admin/failed", params={"account_id": account_id})).json()["items"]
        assert (item["id"], item["kind"], item["code"]) == (run_id, "run", "profile_not_found")
        of_events = await http.get("/v1/admin/failed", params={"account_id": account_id, "kind": "webhook"})
        assert of_events.json() == {"items": [], "next_cursor": None}
        shown = await http.get(f"/v1/admin/failed/{run_id}")
        assert shown.json()["kept"]["price_credits"] == 1
        assert "missing-by-http" not in shown.text
        replayed = await http.post(f"/v1/admin/failed/{run_id}/replay")
        assert replayed.status_code == 202, replayed.text
        again = await user.settled(replayed.json()["replayed_as"])
        assert (again["username"], again["status"]) == ("missing-by-http", "failed")
        assert (await http.post(f"/v1/admin/failed/{run_id}/replay")).status_code == 409
        assert (await http.get(f"/v1/admin/failed/{foreign_id()}")).status_code == 404
        acts = [
            (act["actor"], act["act"], act["outcome"])
            for act in (await http.get("/v1/admin/acts")).json()["items"]
            if act["targets"].get("id") == run_id
        ]
        expected = [("replay", "conflict"), ("replay", "done"), ("show_failed", "done")]
        assert acts == [("service:night-shift", *one) for one in expected]


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
    job = "failed-analysis-cleanup"
    ticked = await asyncio.to_thread(run, "tick", job)
    assert ticked.stdout.startswith(f"ticked {job} "), ticked.stderr
    access = access_to(stack.describe(), stack.credentials)
    assert ("tick", "done") in await acts_about(access, job, named="job")


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
