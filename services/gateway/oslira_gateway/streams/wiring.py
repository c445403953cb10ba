"""Wires the event streams: routes, feed, access checks and shutdown."""

import asyncio
from typing import Any

from oslira_shared.runtime import Runtime

from oslira_gateway.bulk.request_bulk import Bulks
from oslira_gateway.runs.ports import Runs
from oslira_gateway.settings import GatewaySettings
from oslira_gateway.streams.addresses import Addresses
from oslira_gateway.streams.bus import BusProgress
from oslira_gateway.streams.events_routes import events_routes
from oslira_gateway.streams.feed import ProgressFeed
from oslira_gateway.streams.follow_group import FollowGroup
from oslira_gateway.streams.follow_run import FollowRun
from oslira_gateway.streams.group_events_routes import encode, group_events_routes
from oslira_gateway.streams.open_streams import CHECK_EVERY_S, OpenStreams
from oslira_gateway.streams.postgres_run_groups import PostgresRunGroups
from oslira_gateway.streams.postgres_stream_access import PostgresStreamAccess
from oslira_gateway.streams.tickets import Tickets


def stream_routes(
    runtime: Runtime,
    settings: GatewaySettings,
    runs: Runs,
    bulks: Bulks,
    tickets: Tickets,
) -> list[Any]:
    """Streams of a run, a bulk and an account."""
    feed, addresses, proxies = ProgressFeed(), Addresses(tickets), settings.trusted_proxies
    BusProgress(runtime.bus, feed)
    _close_streams_when_stopping(runtime, feed)
    streams = OpenStreams(PostgresStreamAccess(runtime.database), settings.stream_limits)
    runtime.every(CHECK_EVERY_S, "check-streams", streams.check_access)
    follow_group = FollowGroup(PostgresRunGroups(runtime.database), bulks, feed, encode=encode)
    return [
        *events_routes(
            runs,
            streams,
            FollowRun(runs, feed),
            tickets,
            addresses,
            trusted_proxies=proxies,
        ),
        *group_events_routes(bulks, streams, follow_group, tickets, addresses, trusted_proxies=proxies),
    ]


def _close_streams_when_stopping(runtime: Runtime, feed: ProgressFeed) -> None:
    """End open streams as soon as the process stops, because the server's grace period is short."""

    async def close() -> None:
        await runtime.stopping.wait()
        feed.close()

    closing = asyncio.create_task(close(), name="close-streams")

    async def closed() -> None:
        await closing

    runtime.on_stop(closed)
