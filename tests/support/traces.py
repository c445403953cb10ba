"""Searches for texts in a stack: every column of every table, every object, every message, every log, all that Sentry received.

Only what was written since the test began is searched: its texts are unique to the test.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg
import httpx
import nats
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError
from oslira_devstack.credentials import SUPERUSER, TESTER
from oslira_devstack.sentry_ingest import SentryIngest
from oslira_devstack.servers.s3 import s3_client
from oslira_devstack.stack import Stack

_TABLES: Final = """
select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'm') and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
"""
_AT_ONCE: Final = 64


@dataclass(frozen=True, slots=True)
class Since:
    """The positions in logs and streams when a test began."""

    at: datetime
    log_sizes: dict[str, int]
    last_seqs: dict[str, int]


async def since_now(stack: Stack) -> Since:
    """From here on."""
    client = await nats.connect(stack.servers.nats.url(TESTER))
    last_seqs = {
        str(info.config.name): info.state.last_seq for info in await client.jetstream().streams_info()
    }
    await client.close()
    log_sizes = {path.name: path.stat().st_size for path in stack.data.logs.glob("*.log")}
    return Since(datetime.now(UTC) - timedelta(seconds=2), log_sizes, last_seqs)


async def kept(stack: Stack, since: Since, *texts: str) -> list[str]:
    """The tables and objects that contain one of `texts`, in any case."""
    lowered = [text.lower() for text in texts]
    in_tables, in_bucket = await asyncio.gather(
        _in_tables(stack, lowered), asyncio.to_thread(_in_bucket, stack, since, lowered)
    )
    return sorted({*in_tables, *in_bucket})


async def told(stack: Stack, since: Since, *texts: str, sentry: SentryIngest | None = None) -> list[str]:
    """The logs, metrics, messages and reports that contain one. Simulators' logs are not searched: they are other parties' systems."""
    lowered = [text.lower() for text in texts]
    in_streams, in_logs, in_metrics = await asyncio.gather(
        _in_streams(stack, since, lowered),
        asyncio.to_thread(_in_logs, stack, since, lowered),
        _in_metrics(stack, lowered),
    )
    reports = [_around("sentry", body, lowered) for body in (sentry.envelopes if sentry else ())]
    return sorted({*in_streams, *in_logs, *in_metrics, *filter(None, reports)})


async def _in_tables(stack: Stack, texts: Sequence[str]) -> list[str]:
    connection: Any = await asyncpg.connect(stack.servers.postgres.url(SUPERUSER))
    try:
        places: list[str] = []
        for schema, table in await connection.fetch(_TABLES):
            holds = f'select exists (select from "{schema}"."{table}" t where lower(t::text) like any($1))'
            if await connection.fetchval(holds, [f"%{text}%" for text in texts]):
                places.append(f"{schema}.{table}")
        return places
    finally:
        await connection.close()


def _in_bucket(stack: Stack, since: Since, texts: Sequence[str]) -> list[str]:
    client = s3_client(stack.servers.s3.endpoint_url, stack.credentials)
    places: list[str] = []
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=stack.servers.s3.bucket):
        for entry in page.get("Contents", []):
            assert "Key" in entry
            assert "LastModified" in entry
            if entry["LastModified"] < since.at:
                continue
            key = entry["Key"]
            body = client.get_object(Bucket=stack.servers.s3.bucket, Key=key)["Body"].read()
            if _holds(f"{key} ".encode() + body, texts):
                places.append(f"object {key}")
    client.close()
    return places


async def _in_streams(stack: Stack, since: Since, texts: Sequence[str]) -> list[str]:
    client = await nats.connect(stack.servers.nats.url(TESTER))
    jetstream = client.jetstream()
    places: list[str] = []
    for info in await jetstream.streams_info():
        name, state = str(info.config.name), info.state
        seqs = range(max(1, state.first_seq, since.last_seqs.get(name, 0) + 1), state.last_seq + 1)
        for start in range(0, len(seqs), _AT_ONCE):
            found = await asyncio.gather(
                *(_message(jetstream, name, seq) for seq in seqs[start : start + _AT_ONCE])
            )
            places += [f"message {name} {whole[:60]!r}" for whole in found if _holds(whole, texts)]
    await client.close()
    return places


async def _message(jetstream: JetStreamContext, stream: str, seq: int) -> bytes:
    """Subject, headers and body; nothing of one that is gone."""
    try:
        message = await jetstream.get_msg(stream, seq)
    except NotFoundError:
        return b""
    return f"{message.subject} {message.headers} ".encode() + (message.data or b"")


def _in_logs(stack: Stack, since: Since, texts: Sequence[str]) -> list[str]:
    places: list[str] = []
    for path in stack.data.logs.glob("*.log"):
        if path.name == "simulators.log":
            continue
        with path.open("rb") as log:
            log.seek(since.log_sizes.get(path.name, 0))
            places += filter(None, (_around(f"log {path.name}", line, texts) for line in log))
    return places


async def _in_metrics(stack: Stack, texts: Sequence[str]) -> list[str]:
    places: list[str] = []
    async with httpx.AsyncClient(trust_env=False) as client:
        for name, process in stack.supervisor.processes.items():
            if name == "simulators":
                continue
            url = process.ready_urls[0].replace("/health/ready", "/metrics")
            if _holds((await client.get(url)).content, texts):
                places.append(f"metrics of {name}")
    return places


def _around(place: str, content: bytes, texts: Sequence[str]) -> str | None:
    """The place with the text around it, to find the leak."""
    lowered = content.lower()
    for text in texts:
        if (at := lowered.find(text.encode())) >= 0:
            return f"{place}: {content[:80]!r} … {content[max(0, at - 120) : at + 80]!r}"
    return None


def _holds(content: bytes, texts: Sequence[str]) -> bool:
    lowered = content.lower()
    return any(text.encode() in lowered for text in texts)
