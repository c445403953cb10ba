"""Every command of the runbooks that needs no cluster is run as on-call runs it: by HTTP, with `oslira`, and on the bus."""

import asyncio
import shlex
import subprocess
import sys
from http import HTTPStatus
from pathlib import Path
from typing import Final

import httpx
import nats
import pytest
from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError
from oslira_cli.operator_token import sign_operator_token
from oslira_devstack.access import access_to
from oslira_devstack.stack import Stack
from oslira_shared.bus.login import Login
from oslira_shared.bus.permissions import inbox_of
from oslira_shared.contracts.analysis.v1 import REPLAY
from oslira_shared.contracts.scheduler.v1 import run_job_subject
from runbooks import command_lines

# Of a route that exists, on ids that don't: what on-call typed was understood.
_UNDERSTOOD: Final = {HTTPStatus.OK, HTTPStatus.ACCEPTED, HTTPStatus.NOT_FOUND}
_ADMIN: Final = [(name, line) for name, line in command_lines() if line.startswith("admin ")]
_OSLIRA: Final = [(name, line) for name, line in command_lines() if line.startswith("oslira ")]
_NOT_AN_ID: Final = {
    "$ID": "0198f2c0-0000-7000-8000-000000000000",
    "ERASURE_ID": "0198f2c0-0000-7000-8000-000000000000",
}


def filled(line: str) -> list[str]:
    words = shlex.split(line, comments=True)
    for placeholder, value in _NOT_AN_ID.items():
        words = [word.replace(placeholder, value) for word in words]
    return words


@pytest.mark.parametrize("line", [pytest.param(line, id=name) for name, line in _ADMIN])
async def test_a_request_of_a_runbook_is_answered(stack: Stack, line: str) -> None:
    _, method, address, *body = filled(line)
    token = sign_operator_token(stack.credentials.operator_secret, name="on-call")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    content = body[0].replace("$NAME", "runbook.example") if body else None
    async with httpx.AsyncClient(
        base_url=stack.admin_url, headers=headers, timeout=60, trust_env=False
    ) as http:
        answer = await http.request(method, address, content=content)
    assert answer.status_code in _UNDERSTOOD, answer.text
    assert answer.headers["content-type"].startswith(("application/json", "application/problem+json"))


@pytest.mark.parametrize("line", [pytest.param(line, id=name) for name, line in _OSLIRA])
async def test_a_command_of_a_runbook_reaches_the_deployment(stack: Stack, line: str) -> None:
    words = filled(line)
    environment = {
        "PATH": "/usr/bin:/bin",
        "OSLIRA_DATA_DIR": "/nonexistent/oslira",
        "OSLIRA_ADMIN_URL": stack.admin_url,
        "OPERATOR_SECRET": stack.credentials.operator_secret,
    }
    ran = await asyncio.to_thread(
        subprocess.run,
        [str(Path(sys.executable).with_name("oslira")), *words[1:]],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    # 3: there is no such id.
    assert ran.returncode in ({0, 3} if "$ID" in line else {0, 1}), ran.stderr
    assert "Traceback" not in ran.stderr


async def test_on_call_reads_dead_letters_on_the_bus_and_sends_no_request(stack: Stack) -> None:
    url = access_to(stack.describe(), stack.credentials).nats_url("scheduler").partition("@")[2]
    denied: list[str] = []

    async def hear(error: Exception) -> None:
        denied.append(str(error))

    login = Login(stack.credentials.nkeys["operator"])
    options = login.for_client(f"nats://{url}")
    client = await nats.connect(f"nats://{url}", inbox_prefix=inbox_of("operator"), error_cb=hear, **options)
    try:
        jetstream = client.jetstream()
        assert (await jetstream.stream_info("DEAD")).config.name == "DEAD"
        try:
            letter = await jetstream.get_last_msg("DEAD", "dead.>")
        except NotFoundError:  # nothing was dead-lettered here yet
            letter = None
        assert letter is None or (letter.subject or "").startswith("dead.")
        for subject in (REPLAY, run_job_subject("billing"), "analysis.rpc.cancel.v1"):
            with pytest.raises((NatsError, TimeoutError)):
                await client.request(subject, b"{}", timeout=0.5)
    finally:
        await client.close()
    assert len([line for line in denied if "permissions violation" in line.lower()]) == 3
