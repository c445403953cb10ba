"""`oslira tick JOB`: what the scheduler says when a job's slot has come; CronJobs say it too, and owners act once."""

import asyncio
import json
import os
import sys
from datetime import UTC, datetime
from typing import Annotated, Any

import typer


def tick(
    job: Annotated[str, typer.Argument(help="A job of the table, such as daily-cleanup.")],
    slot: Annotated[
        str | None,
        typer.Option(
            envvar="OSLIRA_TICK_SLOT",
            help="Any moment of the slot (ISO 8601, UTC unless it says more); else now.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="job and slot.")] = False,  # noqa: FBT002
) -> None:
    """Publish the tick of a job's slot on NATS_URL (the scheduler's credential), else on the running stack.

    The moment is taken back to the job's own grid. Exits 2 for an unknown job or moment, 1 when the bus can't be reached.
    """
    from oslira_shared.errors import OsliraError  # noqa: PLC0415

    from oslira_devstack.access import NoStack, find_stack  # noqa: PLC0415

    try:
        moment = _moment(slot)
    except ValueError:
        print(f"oslira: {slot!r} is no moment such as 2026-11-22T02:00:00Z", file=sys.stderr)
        raise typer.Exit(2) from None
    try:
        nats_url = os.environ.get("NATS_URL") or find_stack().nats_url("scheduler")
        on_grid = asyncio.run(_publish(nats_url, job, moment))
    except OsliraError as error:
        print(f"oslira: {error.detail}", file=sys.stderr)
        raise typer.Exit(2 if error.code == "not_found" else 1) from None
    except NoStack as error:
        print(f"oslira: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    text = on_grid.isoformat()
    print(json.dumps({"job": job, "slot": text}) if as_json else f"ticked {job} {text}")


def _moment(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


async def _publish(nats_url: str, job: str, moment: datetime) -> datetime:
    import nats  # noqa: PLC0415
    from nats.errors import Error  # noqa: PLC0415
    from oslira_scheduler.application.publish_tick import publish_tick  # noqa: PLC0415
    from oslira_shared.bus.login import Login  # noqa: PLC0415
    from oslira_shared.errors import OsliraError  # noqa: PLC0415

    try:
        client = await nats.connect(
            nats_url,
            allow_reconnect=False,
            connect_timeout=5,
            inbox_prefix="_INBOX_scheduler",
            **Login.from_environment(os.environ).for_client(nats_url),
        )
    except (Error, OSError, TimeoutError) as error:
        raise OsliraError("unavailable", f"the bus can't be reached: {error}") from error
    try:
        return (await publish_tick(_Ticks(client), job, moment)).slot
    finally:
        await client.close()


class _Ticks:
    """A plain client as the publisher of one tick: a command needs no consumers and no log."""

    def __init__(self, client: Any) -> None:
        self._jetstream = client.jetstream(timeout=5)

    async def publish(self, subject: str, message: Any, *, msg_id: str) -> None:
        from nats.errors import Error  # noqa: PLC0415
        from oslira_shared.bus.topology import stream_of  # noqa: PLC0415
        from oslira_shared.errors import OsliraError  # noqa: PLC0415

        try:
            body = message.model_dump_json().encode()
            headers = {"Nats-Msg-Id": msg_id}
            await self._jetstream.publish(subject, body, stream=stream_of(subject), headers=headers)
        except (Error, TimeoutError) as error:
            raise OsliraError("unavailable", f"{subject} was not confirmed: {error}") from error
