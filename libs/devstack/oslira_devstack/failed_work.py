"""Where failed work is kept: failed runs, dead webhook events, and messages that nobody could read (the DEAD stream)."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import nats
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError
from oslira_shared.contracts.analysis import v1 as analysis
from oslira_shared.contracts.base import Contract
from oslira_shared.contracts.billing import v1 as billing
from oslira_shared.contracts.envelope import Reply
from oslira_shared.errors import OsliraError

from oslira_devstack.access import Access
from oslira_devstack.on_record import on_record

_RUNS: Final = """
select 'run' as kind, id::text, finished_at as at, attempt as attempts, error_code || ': ' || coalesce(error_detail, '') as reason
  from analysis.runs where state = 'failed' order by finished_at desc limit $1
"""
_EVENTS: Final = """
select 'webhook' as kind, id::text, coalesce(progressed_at, created_at) as at, attempt as attempts,
       type || ': ' || coalesce(reason, '') as reason
  from billing.webhook_events where state = 'dead' order by created_at desc limit $1
"""
_RUN: Final = """
select to_jsonb(r) - 'user_id' from analysis.runs r where id = $1 and state = 'failed'
"""
_CALLS: Final = """
select coalesce(jsonb_agg(to_jsonb(u) order by u.created_at), '[]') from analysis.ai_usage_logs u where run_id = $1
"""
_EVENT: Final = "select to_jsonb(e) from billing.webhook_events e where id = $1 and state = 'dead'"
# How far back the dead letters are looked through: they are rare, and an operator's list is short.
_MOST_LETTERS: Final = 500


@dataclass(frozen=True)
class FailedItem:
    """`kind`: run, webhook or letter. `id` is what show and replay take; a letter can't be replayed: nobody can read it."""

    kind: str
    id: str
    at: datetime
    attempts: int
    reason: str


async def list_failed(access: Access, *, limit: int) -> list[FailedItem]:
    """The newest so many of each kind, newest first."""
    found = [
        *await _rows(access, "analysis_service", _RUNS, limit),
        *await _rows(access, "billing_service", _EVENTS, limit),
        *[letter for letter, _ in await _letters(access)][-limit:],
    ]
    return sorted(found, key=lambda item: item.at, reverse=True)


async def show_failed(access: Access, item_id: str) -> dict[str, Any] | None:
    """All that is kept of one."""
    if item_id.isdecimal():
        return next((body for letter, body in await _letters(access) if letter.id == item_id), None)
    try:
        row_id = UUID(item_id)
    except ValueError:
        return None
    if run := await _value(access, "analysis_service", _RUN, row_id):
        calls = await _value(access, "analysis_service", _CALLS, row_id)
        return {"kind": "run", **json.loads(run), "model_calls": json.loads(calls or "[]")}
    event = await _value(access, "billing_service", _EVENT, row_id)
    return {"kind": "webhook", **json.loads(event)} if event else None


async def replay_failed(access: Access, item_id: str) -> str:
    """The id of what does it now; the act is on record.

    Raises OsliraError: run_not_found, conflict, insufficient_credits, unavailable ….
    """
    try:
        row_id = UUID(item_id)
    except ValueError as error:
        raise OsliraError(
            "not_found", "Only runs and webhook events can be replayed, by their ids."
        ) from error
    async with on_record(access, "replay", id=str(row_id)):
        return await _replayed(access, row_id)


async def _replayed(access: Access, row_id: UUID) -> str:
    if await _value(access, "billing_service", _EVENT, row_id):
        request = billing.ReplayRequest(event_id=str(row_id))
        return str((await _ask(access, billing.REPLAY, request, billing.Replayed)).row_id)
    asked = analysis.ReplayRequest(run_id=row_id)
    return str((await _ask(access, analysis.REPLAY, asked, analysis.Replayed)).run_id)


async def _rows(access: Access, role: str, query: str, limit: int) -> list[FailedItem]:
    connection = await asyncpg.connect(access.database_url(role))
    try:
        return [FailedItem(**dict(row)) for row in await connection.fetch(query, limit)]
    finally:
        await connection.close()


async def _value(access: Access, role: str, query: str, row_id: UUID) -> str | None:
    connection = await asyncpg.connect(access.database_url(role))
    try:
        return await connection.fetchval(query, row_id)
    finally:
        await connection.close()


async def _letters(access: Access) -> list[tuple[FailedItem, dict[str, Any]]]:
    """By place in the stream. None when the bus is away: what is in Postgres can be shown all the same."""
    try:
        client = await nats.connect(
            access.nats_url("operator"),
            allow_reconnect=False,
            connect_timeout=3,
            inbox_prefix="_INBOX_operator",  # nobody else's may be listened to
        )
    except (NatsError, OSError, TimeoutError):
        return []
    try:
        return await _read_letters(client.jetstream())
    except NotFoundError:  # nobody has provisioned the bus yet
        return []
    finally:
        await client.close()


async def _read_letters(jetstream: JetStreamContext) -> list[tuple[FailedItem, dict[str, Any]]]:
    state = (await jetstream.stream_info("DEAD")).state
    letters: list[tuple[FailedItem, dict[str, Any]]] = []
    for seq in range(max(state.first_seq, state.last_seq - _MOST_LETTERS + 1, 1), state.last_seq + 1):
        try:
            message = await jetstream.get_msg("DEAD", seq)
        except NotFoundError:  # it has expired
            continue
        headers = dict(message.headers or {})
        at = message.time or datetime.fromtimestamp(0, UTC)
        reason = f"{message.subject}: {headers.get('Oslira-Reason', '')}".rstrip(": ")
        item = FailedItem("letter", str(seq), at, int(headers.get("Oslira-Deliveries", 1)), reason)
        body = (message.data or b"").decode(errors="replace")
        letters.append(
            (item, {"kind": "letter", "subject": message.subject, "headers": headers, "body": body})
        )
    return letters


async def _ask(access: Access, subject: str, message: Contract, reply: Any) -> Any:
    try:
        # Responders answer services' inboxes and the operator's, nobody else's.
        client = await nats.connect(
            access.nats_url("operator"), allow_reconnect=False, inbox_prefix="_INBOX_operator"
        )
    except (NatsError, OSError, TimeoutError) as error:
        raise OsliraError("unavailable", f"the bus can't be reached: {error}") from error
    try:
        headers = {"content-type": "application/json"}
        answer = await client.request(
            subject, message.model_dump_json().encode(), timeout=10, headers=headers
        )
        return Reply[reply].model_validate_json(answer.data).unwrap()
    except (NatsError, TimeoutError) as error:
        raise OsliraError("unavailable", f"{subject}: {type(error).__name__}") from error
    finally:
        await client.close()
