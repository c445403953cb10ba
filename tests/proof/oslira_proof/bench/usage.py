"""What a load used: processor time by process, statements, transactions, WAL and messages."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.request import urlopen

import asyncpg
import psutil
from oslira_devstack.credentials import SUPERUSER
from oslira_devstack.servers.nats import EmbeddedNats
from oslira_devstack.stack import Stack
from oslira_shared.postgres.clients import Connection

_EXTENSION: Final = "create extension if not exists pg_stat_statements"
_COUNTS: Final = """
select (select coalesce(sum(calls), 0)::bigint from pg_stat_statements) as statements,
       (select sum(xact_commit + xact_rollback)::bigint from pg_stat_database) as transactions,
       (select wal_bytes::bigint from pg_stat_wal) as wal_bytes
"""
_TOP: Final = """
select calls, total_exec_time as ms, regexp_replace(query, '\\s+', ' ', 'g') as query
  from pg_stat_statements order by total_exec_time desc limit $1
"""


@dataclass(frozen=True, slots=True)
class Usage:
    """Totals since the start of the servers, or the difference of two: per run after `of_runs`."""

    cpu_ms: dict[str, float]
    statements: float
    transactions: float
    wal_bytes: float
    messages_in: float
    messages_out: float

    def since(self, before: "Usage") -> "Usage":
        """What was used between the two."""
        return Usage(
            {name: ms - before.cpu_ms.get(name, 0) for name, ms in self.cpu_ms.items()},
            self.statements - before.statements,
            self.transactions - before.transactions,
            self.wal_bytes - before.wal_bytes,
            self.messages_in - before.messages_in,
            self.messages_out - before.messages_out,
        )

    def of_runs(self, runs: int) -> "Usage":
        """Per run."""
        return Usage(
            {name: round(ms / runs, 2) for name, ms in self.cpu_ms.items()},
            round(self.statements / runs, 1),
            round(self.transactions / runs, 1),
            round(self.wal_bytes / runs),
            round(self.messages_in / runs, 1),
            round(self.messages_out / runs, 1),
        )

    def cpu_of(self, *but: str) -> float:
        """Milliseconds of all processes but these."""
        return sum(ms for name, ms in self.cpu_ms.items() if name not in but)


class Meter:
    """Reads a measured stack's counters (StackConfig.is_measured)."""

    def __init__(self, stack: Stack, connection: Connection) -> None:
        self._stack = stack
        self._connection = connection

    @classmethod
    async def of(cls, stack: Stack) -> Self:
        """As the superuser, who alone may read the other roles' statements."""
        connection = await asyncpg.connect(stack.servers.postgres.url(SUPERUSER))
        await connection.execute(_EXTENSION)
        return cls(stack, connection)

    async def read(self) -> Usage:
        """Reading itself costs three statements."""
        counts = await self._connection.fetchrow(_COUNTS)
        assert counts is not None  # a select without a table
        varz = self._varz()
        return Usage(
            cpu_by_process(self._pids()),
            counts["statements"],
            counts["transactions"],
            counts["wal_bytes"],
            varz["in_msgs"],
            varz["out_msgs"],
        )

    async def forget_statements(self) -> None:
        """Begin a new list of statements."""
        await self._connection.execute("select pg_stat_statements_reset()")

    async def top_statements(self, most: int) -> list[str]:
        """The statements that took most time: calls, milliseconds, text."""
        rows = await self._connection.fetch(_TOP, most)
        return [f"{row['calls']:8} {row['ms']:9.0f} ms  {row['query'][:160]}" for row in rows]

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close()

    def _varz(self) -> dict[str, Any]:
        nats = self._stack.servers.nats
        if not isinstance(nats, EmbeddedNats) or nats.monitor_port is None:
            raise RuntimeError("the stack is not measured: StackConfig(is_measured=True)")
        with urlopen(f"http://127.0.0.1:{nats.monitor_port}/varz", timeout=5) as answer:
            return json.load(answer)

    def _pids(self) -> Iterable[tuple[str, int]]:
        for name, process in self._stack.supervisor.processes.items():
            if process.child.pid is not None:
                yield name, process.child.pid
        for server in self._stack.servers.all():
            if server.pid is not None:
                yield server.name, server.pid


def cpu_by_process(pids: Iterable[tuple[str, int]]) -> dict[str, float]:
    """Milliseconds of processor time by name, with all children, also ended ones (a Postgres backend is one)."""
    found: dict[str, float] = {}
    for name, pid in pids:
        try:
            tree = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        except psutil.NoSuchProcess:
            continue
        for process in tree:
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            used_s = times.user + times.system + times.children_user + times.children_system
            found[name] = found.get(name, 0.0) + used_s * 1000
    return found
