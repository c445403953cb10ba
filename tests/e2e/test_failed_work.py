"""Operators list failed work, and replay it."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import asyncpg
import httpx
import pytest
from oslira_cli.admin import ask_admin
from oslira_cli.deployment import Login
from oslira_cli.operator_token import sign_operator_token
from oslira_client import ApiError
from oslira_devstack.access import Access, access_to
from oslira_devstack.stack import Stack
from oslira_shared.bus.connection import Bus
from people import differences, eventually, foreign_id, person


async def acts_about(access: Access, target: str, *, named: str = "id") -> list[tuple[str, str]]:
    """What operators are on record for having done to it."""
    gateway = await asyncpg.connect(access.database_url("gateway_service"))
    try:
        query = "select act, outcome from identity.operator_acts where targets ->> $1 = $2 order by begun_at"
        return [tuple(row) for row in await gateway.fetch(query, named, target)]
    finally:
        await gateway.close()


def operator_of(stack: Stack) -> Login:
    """The internal port, and a token for it."""
    token = sign_operator_token(stack.credentials.operator_secret, name="day-shift")
    return Login(stack.describe()["admin_url"], token)


async def test_a_failed_run_is_listed_shown_and_replayed_once(stack: Stack) -> None:
    access, operator = access_to(stack.describe(), stack.credentials), operator_of(stack)
    async with person(stack, available_credits=5) as user:
        _, accepted = await user.analyze("missing-replayed")
        await user.settled(accepted["run_id"])
        path = f"/failed/{accepted['run_id']}"
        listed = {item["id"]: item for item in (await ask_admin(operator, "GET", "/failed"))["items"]}
        assert listed[accepted["run_id"]]["code"] == "profile_not_found"
        shown = await ask_admin(operator, "GET", path)
        assert (shown["kept"]["type"], shown["item"]["code"]) == ("light", "profile_not_found")
        assert shown["item"]["attempts"] >= 1
        answers = await asyncio.gather(*(ask_admin(operator, "POST", f"{path}/replay") for _ in range(3)))
        replays = {answer["replayed_as"] for answer in answers}
        assert len(replays) == 1
        again = await user.settled(replays.pop())
        assert (again["username"], again["status"]) == ("missing-replayed", "failed")
        acts = await acts_about(access, accepted["run_id"])
        assert acts == [("show_failed", "done"), *[("replay", "done")] * 3]
        # That one failed and was released: it is the one to replay now.
        with pytest.raises(ApiError) as replayed:
            await ask_admin(operator, "POST", f"{path}/replay")
        assert replayed.value.code == "conflict"
        with pytest.raises(ApiError) as unknown:
            await ask_admin(operator, "POST", f"/failed/{foreign_id()}/replay")
        assert unknown.value.code == "not_found"
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
    listed = await asyncio.to_thread(run, "failed", "list", "--verdicts", "--json")
    runs = [item for item in json.loads(listed.stdout) if item["kind"] == "run"]
    shown = await asyncio.to_thread(run, "failed", "show", runs[0]["id"])
    assert json.loads(shown.stdout)["item"]["code"] == "profile_not_found"
    assert (await asyncio.to_thread(run, "failed", "show", "nonsense")).returncode == 3
    job = "failed-analysis-cleanup"
    ticked = await asyncio.to_thread(run, "tick", job)
    assert ticked.stdout.startswith(f"ticked {job} "), ticked.stderr
    access = access_to(stack.describe(), stack.credentials)
    assert ("run_job", "done") in await acts_about(access, job, named="job")
    assert (await asyncio.to_thread(run, "tick", "no-such-job")).returncode == 2


async def test_the_oslira_command_works_on_a_deployment_that_is_not_on_this_machine(stack: Stack) -> None:
    """By URL and token alone: the data directory, where the local stack's secrets are, does not exist."""
    oslira = str(Path(sys.executable).with_name("oslira"))
    described = stack.describe()
    operator = operator_of(stack)

    def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        environment = {"OSLIRA_DATA_DIR": "/nonexistent/oslira", "PATH": "/usr/bin:/bin", **more}
        return subprocess.run(
            [oslira, *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    async with person(stack, available_credits=5) as user:
        as_user = {"OSLIRA_URL": described["gateway_url"], "OSLIRA_TOKEN": user.who.token}
        scored = await asyncio.to_thread(run, "analyze", "far.away", "--json", **as_user)
        assert json.loads(scored.stdout)["status"] == "completed", scored.stderr
        missing = await asyncio.to_thread(run, "analyze", "missing-far-away", "--json", **as_user)
        insights = await asyncio.to_thread(run, "insights", "--json", **as_user)
        assert set(json.loads(insights.stdout)) == {"usage", "outcomes", "latency"}
        without_token = await asyncio.to_thread(run, "analyze", "x", "--url", described["gateway_url"])
        assert (without_token.returncode, "--token" in without_token.stderr) == (2, True)
        refused = await asyncio.to_thread(
            run, "failed", "list", "--url", operator.url, "--token", user.who.token
        )
        assert (refused.returncode, "403" in refused.stderr) == (3, True)

    run_id = json.loads(missing.stdout)["run_id"]
    as_operator = {"OSLIRA_ADMIN_URL": operator.url, "OPERATOR_SECRET": stack.credentials.operator_secret}
    listed = await asyncio.to_thread(run, "failed", "list", "--verdicts", "--json", **as_operator)
    assert run_id in [item["id"] for item in json.loads(listed.stdout)]
    replayed = await asyncio.to_thread(run, "failed", "replay", run_id, **as_operator)
    assert replayed.stdout.startswith("replayed as "), replayed.stderr
    erased = await asyncio.to_thread(
        run, "erase", "missing-far-away", "--url", operator.url, "--token", operator.token
    )
    assert "nothing is left" in erased.stdout, erased.stderr
    nowhere = await asyncio.to_thread(run, "failed", "list", "--url", "http://127.0.0.1:9", "--token", "x")
    assert (nowhere.returncode, "can't be reached" in nowhere.stderr) == (4, True)


async def test_a_message_that_no_consumer_can_read_is_listed_and_shown_on_record(stack: Stack) -> None:
    access, operator = access_to(stack.describe(), stack.credentials), operator_of(stack)
    bus = Bus(access.nats_url("scheduler"), service="scheduler")
    await bus.start()
    try:
        await eventually(lambda: asyncio.sleep(0, bus.is_connected))
        await bus.jetstream.publish("scheduler.tick.daily-cleanup", b"no json", stream="TICKS")
    finally:
        await bus.stop()

    async def look() -> list[dict[str, str]]:
        letters = (await ask_admin(operator, "GET", "/dead-letters", limit=200))["items"]
        return [letter for letter in letters if letter["code"].startswith("dead.TICKS.")]

    letter = (await eventually(look))[0]
    shown = await ask_admin(operator, "GET", f"/dead-letters/{letter['id']}")
    assert (shown["item"]["code"], shown["body"]) == (letter["code"], "no json")
    assert ("show_dead_letter", "done") in await acts_about(access, letter["id"])
    for unknown in ("0", "999999999", str(1 << 70)):
        with pytest.raises(ApiError) as absent:
            await ask_admin(operator, "GET", f"/dead-letters/{unknown}")
        assert absent.value.status == 404


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
