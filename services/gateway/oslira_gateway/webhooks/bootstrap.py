"""The only place that wires the sending process."""

import os
import random

from oslira_shared.postgres.clients import AdminClient
from oslira_shared.postgres.schema_check import SchemaCheck
from oslira_shared.runtime import Runtime
from oslira_shared.work import EXTEND_LEASES_EVERY_S, LeaseKeeper

from oslira_gateway.webhooks.bus import subscribe
from oslira_gateway.webhooks.deliver import Deliver
from oslira_gateway.webhooks.endpoint_queues import EndpointQueues
from oslira_gateway.webhooks.http_sender import HttpSender, Resolver, SystemResolver
from oslira_gateway.webhooks.postgres_endings import PostgresEndings
from oslira_gateway.webhooks.postgres_outbox import PostgresOutbox
from oslira_gateway.webhooks.record_ending import RecordEnding
from oslira_gateway.webhooks.schedule import PauseRule
from oslira_gateway.webhooks.settings import SenderSettings
from oslira_gateway.webhooks.signing_secret import Keyring
from oslira_gateway.webhooks.sweep_endings import SweepEndings


async def build(runtime: Runtime, settings: SenderSettings, *, resolver: Resolver | None = None) -> None:
    """Declare everything; the runtime starts it."""
    database = AdminClient(runtime.database)
    runtime.health.required["schema"] = SchemaCheck(
        runtime.database, "identity.webhook_deliveries", "identity.webhook_cursors", "analysis.run_view"
    )
    if resolver is None:
        resolver = SystemResolver(threads=min(settings.webhook_concurrency, 32))
        runtime.on_stop(resolver.close)
    sender = HttpSender(settings.webhook_addresses, resolver)
    runtime.on_stop(sender.close)

    outbox = PostgresOutbox(
        database,
        per_endpoint=settings.webhook_per_endpoint,
        pause_rule=PauseRule(settings.webhook_pause_failures, settings.webhook_pause_s),
    )
    lease_keeper = LeaseKeeper(database, outbox.table, capacity=settings.webhook_concurrency)
    keyring = Keyring(settings.webhook_keys, random_bytes=os.urandom)
    deliver = Deliver(outbox, sender, keyring, chance=random.random)
    queues = EndpointQueues(outbox, deliver, lease_keeper, capacity=settings.webhook_concurrency)
    runtime.on_drain(queues.stop)

    endings = PostgresEndings(database)
    subscribe(runtime.bus, RecordEnding(endings), queues)
    runtime.every(1, "send_webhooks", queues.wake_all)
    runtime.every(EXTEND_LEASES_EVERY_S, "extend-webhook-leases", lease_keeper.extend_leases)
    runtime.every(
        settings.webhook_sweep_every_s,
        "sweep_endings",
        SweepEndings(endings, older_than_s=settings.webhook_sweep_age_s),
    )
