"""Three users in four accounts try every endpoint with every id of the others: nothing is shown and nothing changes."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence

import asyncpg
import httpx
import pytest
from foreign_attempts import REFUSED, Attempt, attempts
from operations import operations
from oslira_devstack.access import access_to
from oslira_devstack.credentials import SUPERUSER
from oslira_devstack.stack import Stack
from tenant_rows import checksums, settled
from tenants import Membership, TenantSet, make_tenants

_SEED = 20_261_122
_AT_ONCE = 8
# Names nothing, and would end the very tickets that the other attempts are made with; tests/integration/test_stream_access.py has it.
_NOT_TRIED = frozenset({"signOut"})


async def _attack(stack: Stack, *, each: int | None) -> tuple[int, list[str]]:
    """(attempts made, what went wrong). `each`: so many of each operation; None is all there are."""
    faults: list[str] = []
    made: Counter[str] = Counter()
    async with make_tenants(stack) as (tenant_set, http):
        document = (await http.get("/schema/openapi.json")).json()
        known = operations(document)
        rows = await asyncpg.connect(access_to(stack.describe(), stack.credentials).database_url(SUPERUSER))
        try:
            quiet_s = 0.0
            for membership in tenant_set.memberships:
                others = [one for one in tenant_set.tenants.values() if one is not membership.tenant]
                await settled(rows, [one.account_id for one in tenant_set.tenants.values()], quiet_s=quiet_s)
                before = [await checksums(rows, other.account_id) for other in others]
                plan = _plan(tenant_set, membership, document, each)
                # What the caller may start in their own account goes on by itself for a moment.
                quiet_s = 3.0 if any(_starts_work(attempt) for attempt in plan) else 0.0
                made.update(attempt.operation for attempt in plan)
                faults += await _make(http, plan, membership.foreign_marks(tenant_set.tenants.values()))
                for other, was in zip(others, before, strict=True):
                    now = await checksums(rows, other.account_id)
                    assert len(now) >= 25
                    changed = [table for table in was if was[table] != now[table]]
                    faults += [
                        f"{membership.name} changed {table} of {other.account_id}" for table in changed
                    ]
        finally:
            await rows.close()
        faults += [
            f"{one.id} was never tried" for one in known if not made[one.id] and one.id not in _NOT_TRIED
        ]
    return made.total(), faults


def _starts_work(attempt: Attempt) -> bool:
    return attempt.expected != REFUSED and attempt.method == "POST"


def _plan(
    tenant_set: TenantSet, membership: Membership, document: dict[str, object], each: int | None
) -> list[Attempt]:
    """From one membership; a reduced one has something of each operation, another choice for each membership."""
    chosen: list[Attempt] = []
    dice = random.Random(f"{_SEED} {membership.name}")
    for operation in operations(document):
        possible = [
            attempt
            for victim in tenant_set.tenants.values()
            if victim is not membership.tenant
            for attempt in attempts(operation, membership, victim)
        ]
        chosen += possible if each is None else dice.sample(possible, min(each, len(possible)))
    dice.shuffle(chosen)
    return chosen


async def _make(http: httpx.AsyncClient, plan: Sequence[Attempt], foreign: frozenset[str]) -> list[str]:
    turns = asyncio.Semaphore(_AT_ONCE)

    async def one(attempt: Attempt) -> str | None:
        async with turns:
            return await _judged(http, attempt, foreign)

    return [fault for fault in await asyncio.gather(*(one(attempt) for attempt in plan)) if fault]


async def _judged(http: httpx.AsyncClient, attempt: Attempt, foreign: frozenset[str]) -> str | None:
    """What is wrong with the answer."""
    what = f"{attempt.operation} {attempt.method} {attempt.path} by {attempt.how}"
    request = http.build_request(
        attempt.method,
        attempt.path,
        params=attempt.query or None,
        headers=attempt.headers,
        json=attempt.body,
        content=attempt.content,
    )
    answer = await http.send(request, stream=True)
    try:
        kind = answer.headers.get("content-type", "")
        if kind.startswith(("text/event-stream", "image/")):
            return f"{what}: {kind} was answered"
        text = (await answer.aread()).decode()
    finally:
        await answer.aclose()
    if answer.status_code >= 500:
        return f"{what}: {answer.status_code} {text[:200]}"
    shown = [mark for mark in foreign if mark in text and mark not in attempt.sent]
    if shown:
        return f"{what}: {answer.status_code} shows {shown[:3]}"
    if attempt.expected == REFUSED and not _is_refusal(answer, text):
        return f"{what}: {answer.status_code} {text[:200]}"
    return None


def _is_refusal(answer: httpx.Response, text: str) -> bool:
    """For what was named, and not for a slip in the request that would hide whether it is guarded at all."""
    code = answer.json().get("code", "") if answer.status_code in {401, 403, 404} else ""
    return code.endswith("_not_found") or code in {"ticket_invalid", "invitation_not_yours"}


async def test_no_endpoint_takes_another_accounts_ids(stack: Stack) -> None:
    made, faults = await _attack(stack, each=2)
    assert not faults, "\n".join(faults)
    assert made >= 300


@pytest.mark.campaign
async def test_thirty_thousand_attempts_on_other_accounts_show_and_change_nothing(stack: Stack) -> None:
    made, faults = await _attack(stack, each=None)
    print(f"cross-tenant: {made} attempts, {len(faults)} faults")  # noqa: T201  # the campaign's value
    assert not faults, "\n".join(faults[:50])
    assert made >= 30_000
