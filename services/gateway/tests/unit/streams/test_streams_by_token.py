"""A client that can send headers follows runs of its own account by its token only."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from memory_analyses import new_run
from oslira_gateway.identity.caller import Member
from oslira_shared.contracts.analysis.v1 import RunStatus
from oslira_shared.ids import new_id


@pytest.fixture
def path(api: Any, member: Member, make_order: Callable[..., Any]) -> str:
    """The event stream of a finished run of the member."""
    run = replace(
        new_run(new_id(), make_order()), status=RunStatus.COMPLETED, seq=4, finished_at=datetime.now(UTC)
    )
    api.runs.rows[run.run_id] = (member.account_id, run)
    return f"/v1/runs/{run.run_id}/events"


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_a_members_token_opens_the_stream_of_their_run(
    api: Any, client: httpx.AsyncClient, member: Member, path: str
) -> None:
    headers = api.join(member)
    followed = await client.get(path, headers=headers)
    assert followed.status_code == 200, followed.text
    assert followed.text.count("event: progress") == 1
    assert (await client.get(path, headers={**headers, "last-event-id": "4"})).status_code == 204


async def test_a_token_opens_no_stream_of_another_account(
    api: Any, client: httpx.AsyncClient, member: Member, stranger: Member, path: str
) -> None:
    api.join(member)
    theirs = api.join(stranger)
    assert code_of(await client.get(path, headers=theirs)) == (404, "run_not_found")
    named = {**theirs, "x-account-id": str(member.account_id)}
    assert code_of(await client.get(path, headers=named)) == (404, "account_not_found")


async def test_without_a_token_and_a_ticket_nothing_opens(client: httpx.AsyncClient, path: str) -> None:
    assert code_of(await client.get(path)) == (401, "unauthenticated")


async def test_a_wrong_ticket_is_refused_whatever_the_token(
    api: Any, client: httpx.AsyncClient, member: Member, path: str
) -> None:
    answer = await client.get(f"{path}?ticket=x.y", headers=api.join(member))
    assert code_of(answer) == (401, "ticket_invalid")


async def test_who_lost_access_opens_nothing_by_a_token_either(
    api: Any, client: httpx.AsyncClient, member: Member, path: str
) -> None:
    headers = api.join(member)
    api.access.gone.add(member.caller.user_id)
    assert code_of(await client.get(path, headers=headers)) == (401, "ticket_invalid")
