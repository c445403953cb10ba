"""Once erased, a profile is stored nowhere, and is never stored again."""

import asyncio
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from oslira_cli.admin import ask_admin
from oslira_cli.deployment import Login
from oslira_cli.operator_token import sign_operator_token
from oslira_client import ApiError
from oslira_devstack.credentials import SUPERUSER
from oslira_devstack.stack import Stack
from people import Person, differences, person
from traces import Since, kept, since_now, told

# No other test of this session's stack uses them.
_NAME = "zq.erased_stranger"
_PRIVATE = "private-zq.erased"


async def test_an_erased_profile_leaves_no_trace_and_stays_away(stack: Stack) -> None:
    token = sign_operator_token(stack.credentials.operator_secret, name="erasures")
    operator = Login(stack.describe()["admin_url"], token)
    since = await since_now(stack)
    async with person(stack, available_credits=60) as user, person(stack, available_credits=20) as other:
        ended = [
            (user, (await user.analyze(_NAME))[1]),
            (user, (await user.analyze(_NAME, kind="deep"))[1]),
            (other, (await other.analyze(f"https://instagram.com/{_NAME}/"))[1]),
            (user, (await user.analyze(_PRIVATE))[1]),
        ]
        lines = [_NAME, f"@{_NAME}", _PRIVATE, "erased.bystander", f"not a name: {_NAME}!"]
        bulk = await _bulk(user, lines)
        async with httpx.AsyncClient(base_url=stack.gateway_url, trust_env=False) as visitor:
            await visitor.post(
                "/v1/analyses/anonymous", json={"username": _NAME, "challenge": uuid.uuid4().hex}
            )
        for owner, accepted in ended:
            await owner.settled(accepted["run_id"])
        while (await user.client.read_bulk(bulk["bulk_id"]))["status"] == "running":
            await asyncio.sleep(0.1)
        _, under_way = await other.analyze(_NAME, kind="xray")
        assert "analysis.runs" in await kept(stack, since, _NAME)

        first = await _erase(stack, _NAME)
        assert first.returncode == 0, first.stderr
        assert _NAME not in first.stdout
        private = await ask_admin(operator, "POST", "/erase", {"username": _PRIVATE})
        assert await kept(stack, since, _NAME, _PRIVATE) == ["identity.erasures"], first.stdout

        # While it is watched the name stands there alone; then it goes too.
        again = await ask_admin(operator, "POST", "/erase", {"username": f"@{_NAME.upper()}"})
        assert again["removed"]["runs"] >= 4  # and a visitor's, where the day had room for it
        assert again["removed"]["leads"] == 2
        await _stop_watching(stack)
        for erasure in (again, private):
            while (await ask_admin(operator, "GET", f"/erasures/{erasure['erasure_id']}"))["state"] != "done":
                await asyncio.sleep(0.1)
        assert await _traces(stack, since, _NAME, _PRIVATE) == []

        # It was under way: ended, and given back.
        run = await other.settled(under_way["run_id"])
        assert run["status"] in {"completed", "cancelled"}
        assert run["result"] is None
        before = await user.client.balance()
        with pytest.raises(ApiError) as refused:
            await user.analyze(_NAME)
        assert (refused.value.status, refused.value.code) == (422, "profile_not_found")
        quote = await user.client.bulk_csv(
            f"{_NAME}\nerased.fresh\n@{_NAME}\n".encode(),
            business_profile_id=user.who.business_profile_id,
            quote=True,
        )
        # What costs nothing to ask doesn't tell who was erased.
        assert quote["new"] == 2
        assert [(line["line"], line["problem"]) for line in quote["rejected"]] == [(3, "duplicate")]
        with pytest.raises(ApiError) as none_left:
            await user.client.make_bulk([_NAME], business_profile_id=user.who.business_profile_id)
        assert none_left.value.code == "no_usable_names"
        async with httpx.AsyncClient(base_url=stack.gateway_url, trust_env=False) as visitor:
            answer = await visitor.post(
                "/v1/analyses/anonymous", json={"username": _NAME, "challenge": uuid.uuid4().hex}
            )
            assert answer.json()["code"] in {"profile_not_found", "anonymous_limit_reached"}
        # The list stays ordered, less the name; ordered again under its key, it is not done again.
        assert (await _bulk(user, lines))["bulk_id"] == bulk["bulk_id"]
        assert await user.client.balance() == before
        assert await _traces(stack, since, _NAME) == []
        acts = (await ask_admin(operator, "GET", "/acts", limit=200))["items"]
        erasures = [act for act in acts if act["targets"].get("erasure_id") == again["erasure_id"]]
        assert [(act["act"], act["outcome"]) for act in erasures] == [("erase", "done")] * 2
    assert await differences(stack) == []


async def _bulk(user: Person, lines: list[str]) -> dict[str, Any]:
    body = {"usernames": lines, "type": "light", "business_profile_id": str(user.who.business_profile_id)}
    answer = await user.client.http.post(
        "/v1/analyses/bulk", json=body, headers={"Idempotency-Key": "erased-list"}
    )
    assert answer.is_success, answer.text
    return answer.json()


async def _traces(stack: Stack, since: Since, *names: str) -> list[str]:
    return [*await kept(stack, since, *names), *await told(stack, since, *names)]


async def _erase(stack: Stack, name: str) -> subprocess.CompletedProcess[str]:
    oslira = str(Path(sys.executable).with_name("oslira"))
    environment = {"OSLIRA_DATA_DIR": str(stack.data.path), "PATH": "/usr/bin:/bin"}
    return await asyncio.to_thread(
        subprocess.run,
        [oslira, "erase", name],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def _stop_watching(stack: Stack) -> None:
    connection = await asyncpg.connect(stack.servers.postgres.url(SUPERUSER))
    try:
        await connection.execute(
            "update identity.erasures set watch_until = now(), due_at = now() where state <> 'done'"
        )
    finally:
        await connection.close()
