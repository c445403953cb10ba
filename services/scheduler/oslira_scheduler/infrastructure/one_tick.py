"""Publishes one tick over its own connection: a command needs no consumers and no loops."""

from datetime import datetime
from typing import Any

import nats
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from oslira_shared.bus.permissions import PROVISIONER, inbox_of
from oslira_shared.bus.topology import stream_of
from oslira_shared.contracts.base import Contract
from oslira_shared.errors import OsliraError
from oslira_shared.settings import BusSettings

from oslira_scheduler.application.publish_tick import publish_tick


async def publish_one(settings: BusSettings, job: str, moment: datetime) -> datetime:
    """The slot as published.

    Raises OsliraError: not_found for an unknown job, unavailable when the bus can't be reached or doesn't confirm.
    """
    nats_url = settings.nats_url.get_secret_value()
    options: dict[str, Any] = settings.bus_login.for_client(nats_url)
    try:
        client = await nats.connect(
            nats_url,
            allow_reconnect=False,
            # Also with these limits the client tries its servers; its defaults would take minutes.
            max_reconnect_attempts=2,
            reconnect_time_wait=1,
            connect_timeout=5,
            inbox_prefix=inbox_of(PROVISIONER),
            **options,
        )
    except (NatsError, OSError, TimeoutError) as error:
        raise OsliraError("unavailable", f"the bus can't be reached: {error}") from error
    try:
        return (await publish_tick(_Ticks(client.jetstream(timeout=5)), job, moment)).slot
    finally:
        await client.close()


class _Ticks:
    """Implements Publisher."""

    def __init__(self, jetstream: JetStreamContext) -> None:
        self._jetstream = jetstream

    async def publish(self, subject: str, message: Contract, *, msg_id: str) -> None:
        try:
            await self._jetstream.publish(
                subject,
                message.model_dump_json().encode(),
                stream=stream_of(subject),
                headers={"Nats-Msg-Id": msg_id},
            )
        except (NatsError, TimeoutError) as error:
            raise OsliraError("unavailable", f"{subject} was not confirmed: {error}") from error
