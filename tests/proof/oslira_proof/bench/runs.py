"""Runs through HTTP, from POST to completed, with a fixed number in flight."""

import asyncio
import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any, Final

import nats
from oslira_devstack.access import access_to
from oslira_devstack.sign_in import SignedIn, sign_in
from oslira_devstack.stack import Stack
from oslira_shared.contracts.analysis.v1 import ENDED, PROGRESS

from oslira_proof.open_loop import Request, Sender

_ACCEPTED: Final = 202
_LOST_AFTER_S: Final = 60.0


@dataclass(slots=True)
class Latencies:
    """Seconds of each run (from its POST to completed) and of each POST; and how long all took together."""

    run_s: list[float] = field(default_factory=list[float])
    accept_s: list[float] = field(default_factory=list[float])
    took_s: float = 0.0

    def summary(self) -> dict[str, float]:
        """Runs a second, and milliseconds."""
        return {
            "runs_s": round(len(self.run_s) / self.took_s, 1),
            "p50_ms": at_ms(self.run_s, 0.5),
            "p99_ms": at_ms(self.run_s, 0.99),
            "accept_p99_ms": at_ms(self.accept_s, 0.99),
        }


def at_ms(seconds: list[float], share: float) -> float:
    """The percentile by nearest rank, in milliseconds; 0 for nothing."""
    ordered = sorted(seconds)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000, 1) if ordered else 0.0


class RunLoad:
    """Closed loop: each of `in_flight` senders posts a cold light analysis and waits for its end.

    The end is seen on the bus, as a gateway sees it, so that waiting costs the system nothing.
    """

    def __init__(self, stack: Stack, users: list[SignedIn], client: Any) -> None:
        self._sender = Sender("127.0.0.1", stack.gateway_port, timeout_s=_LOST_AFTER_S)
        self._users = users
        self._client = client
        self._ends: dict[str, float] = {}
        self._waiting: dict[str, asyncio.Event] = {}

    @classmethod
    async def of(cls, stack: Stack, *, accounts: int) -> "RunLoad":
        """With new users, each with an account of its own."""
        access = access_to(stack.describe(), stack.credentials)
        users = [
            await sign_in(
                access, email=f"{uuid.uuid4().hex[:12]}@oslira.test", available_credits=100_000, plan="agency"
            )
            for _ in range(accounts)
        ]
        client = await nats.connect(access.nats_url("gateway"), inbox_prefix="_INBOX_gateway")
        load = cls(stack, users, client)
        await client.subscribe(f"{PROGRESS}.*", cb=load._note)
        return load

    async def run(self, *, in_flight: int, count: int) -> Latencies:
        """Raises RuntimeError for a run that is refused, TimeoutError for one that doesn't end."""
        found, numbers = Latencies(), iter(range(count))
        started = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for sender in range(in_flight):
                user = self._users[sender % len(self._users)]
                group.create_task(self._send(user, numbers, found))
        found.took_s = time.perf_counter() - started
        return found

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()
        await self._sender.close()

    async def _send(self, user: SignedIn, numbers: Any, found: Latencies) -> None:
        for _ in numbers:
            due = time.perf_counter()
            status, body = await self._sender.ask(_analysis(user))
            found.accept_s.append(time.perf_counter() - due)
            if status != _ACCEPTED:
                raise RuntimeError(f"{status} {body[:300].decode()}")
            found.run_s.append(await self._end_of(json.loads(body)["run_id"]) - due)

    async def _end_of(self, run_id: str) -> float:
        if run_id not in self._ends:
            ended = self._waiting[run_id] = asyncio.Event()
            async with asyncio.timeout(_LOST_AFTER_S):
                await ended.wait()
            del self._waiting[run_id]
        return self._ends.pop(run_id)

    async def _note(self, message: Any) -> None:
        snapshot = json.loads(message.data)
        run_id = snapshot["run_id"]
        if snapshot["status"] in ENDED and run_id not in self._ends:
            self._ends[run_id] = time.perf_counter()
            if (waiting := self._waiting.get(run_id)) is not None:
                waiting.set()


def _analysis(user: SignedIn) -> Request:
    body = {
        "username": f"bench.{uuid.uuid4().hex[:16]}",
        "type": "light",
        "business_profile_id": str(user.business_profile_id),
    }
    return Request("POST", "/v1/analyses", user.token, json.dumps(body).encode())
