"""Publishes committed changes: hints, progress, endings. The sweep publishes lost messages again."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol
from uuid import UUID, uuid4

import structlog
from oslira_shared.bus.connection import Bus
from oslira_shared.bus.topology import PROGRESS_BUCKET
from oslira_shared.coalesced import Coalesced
from oslira_shared.contracts.analysis import v1
from oslira_shared.contracts.work import WorkHint
from oslira_shared.errors import OsliraError
from oslira_shared.observability import trace
from oslira_shared.observability.points import Points

from oslira_analysis.application.rows import Effects, Hint
from oslira_analysis.infrastructure.bus.measure_steps import measure_steps
from oslira_analysis.metrics import RUN_SECONDS, RUNS_ENDED

_LOG = structlog.get_logger()
_ENDED_KEPT_S: Final = 3600
_TIMEOUT_S: Final = 2.0


class Listings(Protocol):
    """Which bulks list a run."""

    async def of(self, run_ids: Sequence[UUID]) -> Mapping[UUID, list[UUID]]:
        """By run, without runs that no bulk lists."""
        ...


class NatsAnnouncer:
    """Implements Announcer."""

    def __init__(self, bus: Bus, listings: Listings, points: Points) -> None:
        self._bus = bus
        self._listings = listings
        self._points = points
        self._changed: dict[UUID, dict[str, Any]] = {}
        self._progress = Coalesced(self._take_changed, self._send_changed, name="progress")

    async def announce(self, effects: Effects, *, is_repeat: bool = False) -> Effects:
        if not is_repeat:
            _measure_endings(effects, self._points)
        ended = [row for row in effects.runs if row["state"] in v1.ENDED and row["settled_at"] is None]
        if not self._bus.is_connected:
            return Effects(effects.hints, ended)
        # The server drops a message id that it has seen within two minutes, so a repeat needs a new one.
        suffix = f":{uuid4()}" if is_repeat else ""
        hinted, told, _ = await asyncio.gather(
            asyncio.gather(*(self._hint(hint, suffix) for hint in effects.hints)),
            asyncio.gather(*(self._ended(row, suffix) for row in ended)),
            self._tell_progress(effects.runs),
        )
        return Effects(
            [hint for hint, is_stored in zip(effects.hints, hinted, strict=True) if not is_stored],
            [row for row, is_stored in zip(ended, told, strict=True) if not is_stored],
        )

    async def _hint(self, hint: Hint, suffix: str) -> bool:
        message = WorkHint.of(hint.row_id, hint.state, hint.attempt)
        # The attempt, not seq, which changes too often: the same state in the same attempt is the same message.
        msg_id = f"{hint.row_id}:{hint.state}:{hint.attempt}{suffix}"
        try:
            await self._bus.publish(hint.subject, message, msg_id=msg_id)
        except OsliraError as error:
            _LOG.warning("hint_not_sent", subject=hint.subject, row_id=str(hint.row_id), reason=error.detail)
            return False
        return True

    async def _ended(self, row: dict[str, Any], suffix: str) -> bool:
        run_id: UUID = row["id"]
        message = v1.RunEnded(
            event_id=v1.run_ended_id(run_id),
            run_id=run_id,
            account_id=row["account_id"],
            status=v1.RunStatus(row["state"]),
            bulk_id=row["bulk_id"],
        )
        try:
            with trace.span(v1.RUN_ENDED, under=trace.continued(run_id), kind="producer"):
                await self._bus.publish(v1.RUN_ENDED, message, msg_id=f"{run_id}:{row['state']}{suffix}")
        except OsliraError as error:
            _LOG.warning("ending_not_sent", run_id=str(run_id), reason=error.detail)
            return False
        return True

    async def _tell_progress(self, rows: Sequence[dict[str, Any]]) -> None:
        """Under load a run's newest change is sent, and one query finds the bulks of all runs that changed."""
        for row in rows:
            earlier = self._changed.get(row["id"])
            if earlier is None or earlier["seq"] <= row["seq"]:
                self._changed[row["id"]] = row
        if rows:
            await self._progress()

    async def _take_changed(self) -> list[v1.Progress]:
        rows, self._changed = self._changed, {}
        try:
            listed = await self._listings.of(list(rows))
        except Exception as error:  # noqa: BLE001  # its own bulk is on its row, and streams of others look for themselves
            _LOG.warning("listings_not_read", reason=type(error).__name__)
            listed = {}
        return [snapshot_of(row, listed.get(run_id, [])) for run_id, row in rows.items()]

    async def _send_changed(self, snapshots: Sequence[v1.Progress]) -> None:
        await asyncio.gather(*map(self._snapshot, snapshots))

    async def _snapshot(self, snapshot: v1.Progress) -> None:
        headers = {"Nats-TTL": str(_ENDED_KEPT_S)} if snapshot.status in v1.ENDED else {}
        try:
            await self._bus.store.publish(
                self._bus.jetstream,
                f"$KV.{PROGRESS_BUCKET}.{snapshot.run_id}.state",
                snapshot.model_dump_json().encode(),
                stream=f"KV_{PROGRESS_BUCKET}",
                headers=headers,
                timeout_s=_TIMEOUT_S,
            )
        except OsliraError as error:
            # Streams also read Postgres every few seconds.
            _LOG.debug("progress_not_sent", run_id=str(snapshot.run_id), reason=error.detail)


def _measure_endings(effects: Effects, points: Points) -> None:
    for row in effects.runs:
        if row["state"] in v1.ENDED and row["settled_at"] is None:
            RUNS_ENDED.labels(row["type"], row["error_code"] or row["state"]).inc()
            # Both by Postgres's clock.
            took = row["finished_at"] - row["created_at"]
            RUN_SECONDS.labels(row["type"], row["state"]).observe(took.total_seconds())
            run_id, outcome = row["id"], row["error_code"] or row["state"]
            _LOG.info("run_ended", run_id=str(run_id), type=row["type"], outcome=outcome, trace_id=run_id.hex)
            trace.ended(
                run_id,
                "run",
                started_at=row["created_at"],
                ended_at=row["finished_at"],
                type=row["type"],
                outcome=outcome,
            )
            measure_steps(row, points)


def snapshot_of(row: dict[str, Any], listed_in: Sequence[UUID]) -> v1.Progress:
    """A row of analysis.runs for the bus: without the profile's name and texts."""
    price_credits: int = row["price_credits"]
    is_settled = row["settled_at"] is not None
    return v1.Progress(
        run_id=row["id"],
        account_id=row["account_id"],
        bulk_ids=sorted({*listed_in, *([row["bulk_id"]] if row["bulk_id"] else [])}),
        seq=row["seq"],
        type=v1.RunType(row["type"]),
        status=v1.RunStatus(row["state"]),
        progress=row["progress"],
        current_step=row["current_step"],
        should_cancel=row["state"] == v1.RunStatus.CANCELLED,
        error={"code": row["error_code"], "detail": row["error_detail"]} if row["error_code"] else None,
        credits={
            "held": 0 if is_settled else price_credits,
            "charged": row["charged_credits"] or 0,
            "released": row["released_credits"] or 0,
        },
    )
