"""Import from Stripe what a restored backup lacks: billing does it step by step, and this requests one step after the other."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import httpx
from oslira_client import ApiError

# A step may be repeated; an outage of Stripe or of billing may last.
_PAUSES_S: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
_LOOK_EVERY_S: Final = 1.0
_AGAIN: Final = frozenset({"unavailable", "provider_unavailable", "timeout"})
Ask = Callable[[str, str, dict[str, Any] | None], Awaitable[dict[str, Any]]]


@dataclass(slots=True)
class Reconciled:
    """`seen` and `missing` are of Stripe's events and objects; `waiting`: events that were not applied in time."""

    since: str
    until: str
    is_dry_run: bool
    seen: int = 0
    missing: int = 0
    waiting: int = 0
    compared: int = 0
    mismatch_count: int = 0
    mismatches: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    @property
    def is_clean(self) -> bool:
        """Nothing differs, nothing is left to be applied; and a dry run found nothing that is missing."""
        return not (self.mismatch_count or self.waiting or (self.is_dry_run and self.missing))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconcile:
    """`ask`: a route of /v1/admin. `report`: one line for people. `wait_s`: how long events may take to be applied."""

    ask: Ask
    report: Callable[[str], None]
    wait_s: float

    async def __call__(self, since: datetime, until: datetime, *, is_dry_run: bool) -> Reconciled:
        """Raises ApiError or httpx.HTTPError while Stripe, billing or the gateway is unavailable: run it again, it is idempotent."""
        done = Reconciled(since.isoformat(), until.isoformat(), is_dry_run)
        body: dict[str, Any] = {"since": done.since, "until": done.until, "is_dry_run": is_dry_run}
        cursor: str | None = None
        give_up_at: float | None = None
        while True:
            step = await self._step({**body, "cursor": cursor})
            self._add(done, step)
            cursor = step["cursor"]
            if cursor is None:
                return done
            if step["step"] != "applying":
                continue
            give_up_at = give_up_at or asyncio.get_running_loop().time() + self.wait_s
            if not step["waiting"]:
                await self._grant_months(until)
            elif asyncio.get_running_loop().time() >= give_up_at:
                done.waiting, cursor = step["waiting"], f"compare:{done.since}"
            else:
                await asyncio.sleep(_LOOK_EVERY_S)

    def _add(self, done: Reconciled, step: dict[str, Any]) -> None:
        name = step["step"]
        if name == "compare":
            done.compared += step["seen"]
            done.mismatch_count += step["mismatch_count"]
            done.mismatches += step["mismatches"]
            self.report(f"compare   {done.compared} payments compared, {done.mismatch_count} mismatches")
        elif name == "applying":
            self.report(f"applying  {step['waiting']} events are not applied yet")
        else:
            done.seen += step["seen"]
            done.missing += step["missing"]
            self.report(f"{name:9} {done.seen} seen, {done.missing} missing here")

    async def _grant_months(self, slot: datetime) -> None:
        """Months that were paid in advance and began since the backup: the job grants them, and is idempotent."""
        await self._ask_again("POST", "/jobs/owed-credits", {"slot": slot.isoformat()})

    async def _step(self, body: dict[str, Any]) -> dict[str, Any]:
        return await self._ask_again("POST", "/reconcile", body)

    async def _ask_again(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        for pause_s in _PAUSES_S:
            try:
                return await self.ask(method, path, body)
            except (ApiError, httpx.HTTPError) as error:
                code = error.code if isinstance(error, ApiError) else "unavailable"
                if code not in _AGAIN:
                    raise
                self.report(f"{code}: again in {pause_s:g} s")
            await asyncio.sleep(pause_s)
        return await self.ask(method, path, body)
