"""Wires the engine. The only module that knows its concrete adapters."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from oslira_shared.contracts.analysis.v1 import MAX_AVATAR_BYTES
from oslira_shared.failed import answer_failed
from oslira_shared.jobs import JobProgress, own_jobs
from oslira_shared.observability.bus_points import send_points
from oslira_shared.postgres.clients import AdminClient
from oslira_shared.postgres.schema_check import SchemaCheck
from oslira_shared.runtime import Runtime
from oslira_shared.work import EXTEND_LEASES_EVERY_S

from oslira_analysis.application.after_commit import AfterCommit
from oslira_analysis.application.check_models import CheckModels
from oslira_analysis.application.close_bulks import sweep_bulks
from oslira_analysis.application.daily_cleanup import DailyCleanup
from oslira_analysis.application.erase_profile import ErasePorts
from oslira_analysis.application.fail_stalled import FailStalled
from oslira_analysis.application.known_models import KnownModels
from oslira_analysis.application.purge_anonymous import purge_anonymous
from oslira_analysis.application.recover_due import RecoverDue
from oslira_analysis.application.replay_run import ReplayPorts
from oslira_analysis.application.settle_by_request import SettleByRequest
from oslira_analysis.application.show_avatar import ShowAvatar
from oslira_analysis.application.watch_suppliers import Supplier
from oslira_analysis.bootstrap_engine import MOST_SCRAPE_USD, build_engine
from oslira_analysis.bootstrap_suppliers import build_models, watch_suppliers
from oslira_analysis.infrastructure.bus.announcer import NatsAnnouncer
from oslira_analysis.infrastructure.bus.bulk_events import NatsBulkEvents
from oslira_analysis.infrastructure.bus.bus_requests import (
    answer_avatars,
    answer_cancels,
    answer_erasures,
    answer_previews,
    answer_replays,
)
from oslira_analysis.infrastructure.bus.local_dispatch import LocalDispatcher
from oslira_analysis.infrastructure.bus.nats_backlog import NatsBacklog
from oslira_analysis.infrastructure.bus.settlement_requests import BusSettlementRequests
from oslira_analysis.infrastructure.bus.subscribe import subscribe, subscribe_settled
from oslira_analysis.infrastructure.media.s3_erasures import S3ErasableObjects
from oslira_analysis.infrastructure.media.s3_media import S3Media
from oslira_analysis.infrastructure.models.read_model_table import read_model_table
from oslira_analysis.infrastructure.models.warm_up import warm_up
from oslira_analysis.infrastructure.postgres.anonymous import PostgresAnonymousRuns
from oslira_analysis.infrastructure.postgres.avatars import PostgresAvatars
from oslira_analysis.infrastructure.postgres.bulks import PostgresBulks
from oslira_analysis.infrastructure.postgres.businesses import PostgresBusinesses
from oslira_analysis.infrastructure.postgres.calls import PostgresCalls
from oslira_analysis.infrastructure.postgres.cancel import PostgresCancellations
from oslira_analysis.infrastructure.postgres.erasures import PostgresErasableRows
from oslira_analysis.infrastructure.postgres.expired import PostgresExpired
from oslira_analysis.infrastructure.postgres.failed import FAILED_RUNS
from oslira_analysis.infrastructure.postgres.gauges import MEASURE_EVERY_S, Gauges
from oslira_analysis.infrastructure.postgres.listings import PostgresListings
from oslira_analysis.infrastructure.postgres.models import PostgresModels
from oslira_analysis.infrastructure.postgres.queue import PostgresQueue
from oslira_analysis.infrastructure.postgres.replays import BusHolds, PostgresFailedRuns
from oslira_analysis.infrastructure.postgres.seeds import LearnCosts, seed, seed_costs
from oslira_analysis.infrastructure.postgres.settlements import PostgresSettlements
from oslira_analysis.infrastructure.postgres.stalled import PostgresStalledRuns
from oslira_analysis.infrastructure.scraping.s3_profiles import S3Profiles
from oslira_analysis.infrastructure.singleflight import Singleflight
from oslira_analysis.settings import AnalysisSettings

_SWEEP_EVERY_S: Final = 1.0
_LOOK_FOR_STALLED_S: Final = 60.0
_FORGET_EVERY_S: Final = 2.0
_LEARN_COSTS_S: Final = 60.0
_LOOK_AT_MODELS_S: Final = 2.0


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


async def build(
    runtime: Runtime,
    settings: AnalysisSettings,
    *,
    now: Callable[[], datetime] = utc_now,
) -> None:
    """Declare everything on the runtime. `now` is the clock for ages of posts and shutdown dates of models."""
    database = AdminClient(runtime.database)
    runtime.health.required["schema"] = SchemaCheck(
        runtime.database, "analysis.runs", "analysis.bulk_items", "analysis.drafts", "analysis.run_view"
    )
    await seed(
        database,
        scrape_slots=settings.apify_concurrency,
        score_slots=settings.scoring_concurrency,
        ageing_s=settings.promotion_ageing_s,
        daily_limit_usd=settings.account_daily_cost_limit_usd,
    )
    points = send_points(runtime)
    queue, bulks, local_dispatcher = PostgresQueue(database), PostgresBulks(database), LocalDispatcher()
    announcer = NatsAnnouncer(runtime.bus, PostgresListings(database), points)
    after = AfterCommit(queue, announcer, local_dispatcher, bulks, NatsBulkEvents(runtime.bus))
    clients: list[Singleflight[Any]] = []
    model_rows = PostgresModels(database)
    known = KnownModels(
        read_model_table(settings.model_table), model_rows, today=lambda: now().astimezone(UTC).date()
    )
    runtime.every(_LOOK_AT_MODELS_S, "look-at-models", known.refresh)
    runtime.ready_check("models", known.state)
    calls = PostgresCalls(database, keep_s=settings.stalled_after_s)
    suppliers: list[Supplier] = []
    models, lists = build_models(
        runtime,
        settings,
        calls,
        known=known,
        points=points,
        clients=clients,
        suppliers=suppliers,
    )
    bucket = S3Profiles(
        bucket=settings.s3_bucket, endpoint_url=settings.s3_endpoint_url, access=settings.bucket_access
    )
    engine = build_engine(
        runtime,
        settings,
        database,
        bucket=bucket,
        after=after,
        models=models,
        clients=clients,
        now=now,
        suppliers=suppliers,
    )
    subscribe(runtime.bus, engine, local_dispatcher)
    subscribe_settled(runtime.bus, PostgresSettlements(database), after)
    own_jobs(
        runtime,
        "analysis",
        {
            "daily-cleanup": DailyCleanup(
                PostgresExpired(database, scrape_names_kept_days=settings.scrape_names_kept_days)
            ),
            "failed-analysis-cleanup": _fail_stalled(runtime, settings, database, after),
            "model-check": CheckModels(lists, model_rows, known),
        },
    )
    cancellations = PostgresCancellations(database)
    lease_keepers = tuple(engine.lease_keepers)
    answer_cancels(runtime.bus, cancellations, bulks, after, lease_keepers=lease_keepers)
    erasing = ErasePorts(
        PostgresErasableRows(database),
        S3ErasableObjects(bucket.client.get, bucket=settings.s3_bucket),
        cancellations,
        after,
    )
    answer_erasures(runtime.bus, erasing, lease_keepers=lease_keepers)
    # Its media have their own threads, so that reading pictures does not delay copying them.
    answer_avatars(
        runtime.bus,
        ShowAvatar(
            PostgresAvatars(database),
            S3Media(bucket.client.get, bucket=settings.s3_bucket),
            most_bytes=MAX_AVATAR_BYTES,
        ),
    )
    answer_previews(runtime.bus, PostgresBusinesses(database), model_of=known.model_of)
    answer_replays(runtime.bus, ReplayPorts(PostgresFailedRuns(database), BusHolds(runtime.bus), after))
    answer_failed(runtime.bus, "analysis", FAILED_RUNS, database)
    anonymous = PostgresAnonymousRuns(database)
    runtime.every(
        _FORGET_EVERY_S,
        "purge-anonymous",
        lambda: purge_anonymous(anonymous, cancellations, after),
    )
    runtime.every(_LEARN_COSTS_S, "learn-costs", LearnCosts(database))
    watch_suppliers(runtime, settings, database, suppliers, after)
    runtime.every(
        MEASURE_EVERY_S,
        "measure",
        Gauges(database, {supplier.name: supplier.breaker for supplier in suppliers}, clock_s=time.monotonic),
    )
    _sweep(runtime, database, after)
    for step in ("admit", "score", "scrape", "abort"):
        runtime.every(
            EXTEND_LEASES_EVERY_S, f"{step}-heartbeat", getattr(engine.lease_keepers, step).extend_leases
        )

    async def hand_work_back() -> None:
        local_dispatcher.register({})
        for lease_keeper in lease_keepers:
            lease_keeper.close()  # a handler that waits for capacity would delay the end of pulling
        await runtime.bus.stop_pulling()
        # Scrapes immediately: the next attempt re-attaches to the actor's run. Model calls are already paid, so they may finish.
        for lease_keeper in (engine.lease_keepers.scrape, engine.lease_keepers.abort):
            for claim in await lease_keeper.stop(grace_s=0):
                await engine.scrapes.release(claim)
        for lease_keeper in (engine.lease_keepers.score, engine.lease_keepers.admit):
            for claim in await lease_keeper.stop(grace_s=settings.shutdown_grace_s):
                await engine.runs.release(claim)
        await calls.finish(grace_s=settings.shutdown_grace_s)

    runtime.on_drain(hand_work_back)

    async def settle_in() -> None:
        await warm_up([client.get for client in clients])
        await seed_costs(database, known.table, most_scrape_usd=MOST_SCRAPE_USD)

    runtime.once("settle-in", settle_in)


def _sweep(runtime: Runtime, database: AdminClient, after: AfterCommit) -> None:
    """The loops that find due runs, scrapes and bulks."""
    settle = SettleByRequest(BusSettlementRequests(runtime.bus), PostgresSettlements(database), after)
    runtime.every(_SWEEP_EVERY_S, "sweep", RecoverDue(after.queue, after, NatsBacklog(runtime.bus), settle))
    runtime.every(_SWEEP_EVERY_S, "sweep-bulks", lambda: sweep_bulks(after.bulks, after, settle))


def _fail_stalled(
    runtime: Runtime, settings: AnalysisSettings, database: AdminClient, after: AfterCommit
) -> FailStalled:
    """The job runs hourly and reports to operators; this loop runs more often, for users."""
    fail_stalled = FailStalled(
        PostgresStalledRuns(database),
        after,
        stalled_for=timedelta(seconds=settings.stalled_after_s),
    )
    runtime.every(_LOOK_FOR_STALLED_S, "fail-stalled", lambda: fail_stalled(utc_now(), JobProgress()))
    return fail_stalled
