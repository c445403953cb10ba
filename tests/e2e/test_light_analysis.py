"""Light analyses, over HTTP on the whole system."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
from oslira_client import ApiError
from oslira_devstack.stack import Stack
from oslira_proof.plain_client import Client
from people import Person, differences, foreign_id, person


async def test_a_profile_is_scored_and_charged_once(stack: Stack) -> None:
    async with person(stack, available_credits=10) as user:
        is_new, accepted = await user.analyze("https://www.instagram.com/Casa.Verde/")
        assert is_new
        snapshots = [one async for one in user.client.follow(accepted["run_id"])]
        assert snapshots[-1]["status"] == "completed"
        assert [one["progress"] for one in snapshots] == sorted(one["progress"] for one in snapshots)
        run = await user.settled(accepted["run_id"])
        assert run["username"] == "casa.verde"
        assert run["credits"] == {"held": 0, "charged": 1, "released": 0}
        assert set(run["result"]["parts"]) == {"fit", "engagement_quality", "reachability"}
        assert run["result"]["reasons"]
        balance = await user.client.balance()
        assert (balance["available"], balance["held"]) == (9, 0)


async def test_ten_identical_requests_at_once_make_one_run_and_one_capture(stack: Stack) -> None:
    async with person(stack, available_credits=10) as user:
        answers = await asyncio.gather(*(user.analyze("@Ten.Times") for _ in range(10)))
        run_ids = {answer["run_id"] for _, answer in answers}
        assert len(run_ids) == 1
        assert sum(is_new for is_new, _ in answers) == 1
        run = await user.settled(run_ids.pop())
        assert run["credits"]["charged"] == 1

        async def at_rest() -> bool:
            balance = await user.client.balance()
            return (balance["available"], balance["held"]) == (9, 0)

        async with asyncio.timeout(30):
            while not await at_rest():  # losers' holds are released by events
                await asyncio.sleep(0.1)
        assert await user.runs_in_database() == 1


async def test_the_same_again_is_returned_and_not_charged(stack: Stack) -> None:
    async with person(stack, available_credits=10) as user:
        _, first = await user.analyze("once.only")
        await user.settled(first["run_id"])
        is_new, again = await user.analyze("once.only")
        assert (is_new, again["run_id"]) == (False, first["run_id"])
        assert (await user.client.balance())["available"] == 9


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"type": "psychic"}, 422, "unknown_type"),
        ({"username": "not a name!"}, 422, "invalid_username"),
        ({"username": "https://www.instagram.com/p/DKiH6F0S4Cf/"}, 422, "invalid_username"),
        ({"username": ""}, 422, "invalid_username"),
        ({"business_profile_id": str(foreign_id())}, 404, "business_profile_not_found"),
        ({"business_profile_id": "1; drop table runs"}, 404, "business_profile_not_found"),
    ],
)
async def test_a_wrong_request_is_a_problem_and_leaves_no_trace(
    stack: Stack, body: dict[str, str], status: int, code: str
) -> None:
    async with person(stack) as user:
        before = await user.transfers_in_ledger()
        good = {
            "username": "fine.name",
            "type": "light",
            "business_profile_id": str(user.who.business_profile_id),
        }
        answer = await user.client.http.post("/v1/analyses", json={**good, **body})
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.headers["x-request-id"]
        assert await user.runs_in_database() == 0
        assert await user.transfers_in_ledger() == before


async def test_another_accounts_business_profile_is_not_found(stack: Stack) -> None:
    async with person(stack) as owner, person(stack) as other:
        with pytest.raises(ApiError) as refused:
            await other.client.analyze("some.name", business_profile_id=owner.who.business_profile_id)
        assert (refused.value.status, refused.value.code) == (404, "business_profile_not_found")
        assert await other.runs_in_database() == 0
        assert await other.transfers_in_ledger() == 0


async def test_another_accounts_run_is_not_found(stack: Stack) -> None:
    async with person(stack) as owner, person(stack) as other:
        _, accepted = await owner.analyze("mine.alone")
        run_path = f"/v1/runs/{accepted['run_id']}"
        assert (await other.client.http.get(run_path)).status_code == 404
        # A ticket is for one run: the other's own opens nothing here, nor does a made-up one.
        _, own = await other.analyze("theirs.alone")
        ticket = own["events_url"].partition("ticket=")[2]
        for forged in (ticket, "nonsense"):
            answer = await other.client.http.get(f"{run_path}/events", params={"ticket": forged})
            assert (answer.status_code, answer.json()["code"]) == (401, "ticket_invalid")


async def test_a_request_without_a_token_is_rejected(stack: Stack) -> None:
    async with Client(stack.gateway_url, "nonsense") as client:
        for token in ("x", "nonsense", "eyJhbGciOiJub25lIn0.e30."):
            answer = await client.http.post(
                "/v1/analyses", json={}, headers={"Authorization": f"Bearer {token}"}
            )
            assert answer.status_code == 401
            assert answer.json()["code"] in {"unauthenticated", "token_invalid"}


async def _overdraw(user: Person, requests: int, afford: int) -> None:
    answers = await asyncio.gather(
        *(user.analyze(f"over.draw.{number}") for number in range(requests)), return_exceptions=True
    )
    refused = [answer for answer in answers if isinstance(answer, ApiError)]
    accepted = [answer[1] for answer in answers if isinstance(answer, tuple)]
    assert (len(accepted), len(refused)) == (afford, requests - afford)
    assert {(one.status, one.code, one.body["need"]) for one in refused} == {(402, "insufficient_credits", 1)}
    assert all(one.body["balance"] == 0 for one in refused)
    for answer in accepted:
        run = await user.settled(answer["run_id"])
        assert run["credits"]["charged"] == 1
    balance = await user.client.balance()
    assert (balance["available"], balance["held"]) == (0, 0)
    # Each that was accepted: one hold, one settlement. Of the others: nothing.
    assert await user.transfers_in_ledger() == 2 * afford
    assert await user.runs_in_database() == afford


async def test_an_account_cannot_overdraw(stack: Stack) -> None:
    async with person(stack, available_credits=5) as user:
        await _overdraw(user, requests=50, afford=5)


async def test_an_idempotency_key_gives_the_same_run_and_refuses_another_body(stack: Stack) -> None:
    async with person(stack, available_credits=10) as user:
        body = {
            "username": "keyed",
            "type": "light",
            "business_profile_id": str(user.who.business_profile_id),
        }
        headers = {"Idempotency-Key": "k-1"}
        answers = await asyncio.gather(
            *(user.client.http.post("/v1/analyses", json=body, headers=headers) for _ in range(5))
        )
        assert {answer.status_code for answer in answers} <= {200, 202}
        assert len({answer.json()["run_id"] for answer in answers}) == 1
        other = await user.client.http.post(
            "/v1/analyses", json={**body, "username": "another"}, headers=headers
        )
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
        assert await user.runs_in_database() == 1


async def test_refused_profiles_release_what_was_held(stack: Stack) -> None:
    async with person(stack, available_credits=3) as user:
        names = ["private-someone", "missing-someone", "restricted-someone"]
        runs = [await user.settled((await user.analyze(name))[1]["run_id"]) for name in names]
        assert [run["error"]["code"] for run in runs] == [
            "profile_private",
            "profile_not_found",
            "profile_restricted",
        ]
        assert all(run["credits"] == {"held": 0, "charged": 0, "released": 1} for run in runs)
        assert (await user.client.balance())["available"] == 3


async def test_the_oslira_command_signs_in_analyzes_and_audits(stack: Stack) -> None:
    oslira = str(Path(sys.executable).with_name("oslira"))
    environment = {"OSLIRA_DATA_DIR": str(stack.data.path), "PATH": "/usr/bin:/bin"}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [oslira, *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    made = await asyncio.to_thread(run, "token", "--user", "cli@oslira.test", "--credits", "7", "--json")
    who = json.loads(made.stdout)
    assert set(who) == {"token", "account_id", "business_profile_id"}
    async with Client(stack.gateway_url, who["token"]) as client:
        assert (await client.balance())["available"] == 7
    analyzed = await asyncio.to_thread(run, "analyze", "@Cli.Name", "--user", "cli@oslira.test", "--json")
    assert analyzed.returncode == 0, analyzed.stderr
    assert json.loads(analyzed.stdout)["status"] == "completed"
    shown = await asyncio.to_thread(run, "analyze", "cli.name", "--user", "cli@oslira.test")
    assert "score" in shown.stdout
    assert "returned, nothing charged" in shown.stdout
    run_id = json.loads(analyzed.stdout)["run_id"]
    listed = await asyncio.to_thread(run, "runs", "--user", "cli@oslira.test")
    assert f"{run_id} " in listed.stdout
    ended = await asyncio.to_thread(run, "cancel", run_id, "--user", "cli@oslira.test")
    assert (ended.returncode, "had ended" in ended.stdout) == (1, True), ended.stderr
    unknown = await asyncio.to_thread(run, "cancel", str(foreign_id()), "--user", "cli@oslira.test")
    assert unknown.returncode == 3, unknown.stderr
    by_operator = await asyncio.to_thread(run, "cancel", run_id, "--operator")
    assert "completed, of account " in by_operator.stdout, by_operator.stderr
    audited = await asyncio.to_thread(run, "audit")
    assert (audited.returncode, audited.stdout.strip()) == (0, "audit: clean")


async def test_a_smoke_test_does_fresh_work_each_time(stack: Stack) -> None:
    oslira = str(Path(sys.executable).with_name("oslira"))
    async with person(stack, available_credits=5) as user:
        environment = {"PATH": "/usr/bin:/bin", "OSLIRA_SMOKE_TOKEN": user.who.token}
        for left in (4, 3):
            ran = await asyncio.to_thread(
                subprocess.run,
                [oslira, "smoke", stack.gateway_url],
                env=environment,
                capture_output=True,
                text=True,
                timeout=90,
                check=False,
            )
            assert ran.returncode == 0, ran.stdout + ran.stderr
            assert "charged 1" in ran.stdout
            assert (await user.client.balance())["available"] == left
        assert await user.runs_in_database() == 2


async def test_afterwards_everything_adds_up(stack: Stack) -> None:
    """Last in this file: over all that the tests above left."""
    assert await differences(stack) == []
