"""Wires the engine: the only place that knows its concrete parts."""

import random
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Protocol, TypeVar

from oslira_shared.failed import answer_failed
from oslira_shared.jobs import Tally, own_jobs
from oslira_shared.observability.bus_points import send_points
from oslira_shared.observability.points import Points
from oslira_shared.postgres.clients import AdminClient
from oslira_shared.postgres.schema_check import SchemaCheck
from oslira_shared.runtime import Runtime
from oslira_shared.work import Heart

from oslira_analysis.application.answer_call import BookedModels, Seat
from oslira_analysis.application.at_hand import AtHand
from oslira_analysis.application.check_models import CheckModels, ModelList
from oslira_analysis.application.close_bulks import ClosingAnnouncer, sweep_bulks
from oslira_analysis.application.daily_cleanup import DailyCleanup
from oslira_analysis.application.erase_profile import ErasePorts
from oslira_analysis.application.fail_stalled import FailStalled
from oslira_analysis.application.forget_anonymous import forget_anonymous
from oslira_analysis.application.known_models import KnownModels
from oslira_analysis.application.recover_due import RecoverDue
from oslira_analysis.application.replay_run import ReplayPorts
from oslira_analysis.application.run_scrape import ScrapeLimits, ScrapePorts
from oslira_analysis.application.score_run import ScorePorts
from oslira_analysis.application.wake_snoozed import wake_snoozed
from oslira_analysis.application.watch_suppliers import Supplier, WatchSuppliers
from oslira_analysis.domain.breaker import Breaker
from oslira_analysis.infrastructure.ai_gateway import AIGateway
from oslira_analysis.infrastructure.announcer import NatsAnnouncer
from oslira_analysis.infrastructure.anthropic_models import AnthropicModels
from oslira_analysis.infrastructure.apify import ApifyScraper
from oslira_analysis.infrastructure.avatar_copier import AvatarCopier
from oslira_analysis.infrastructure.breaker_state import breaker_state
from oslira_analysis.infrastructure.bucket_state import BucketState
from oslira_analysis.infrastructure.bulk_news import NatsBulkNews
from oslira_analysis.infrastructure.bus import answer_outcomes, subscribe
from oslira_analysis.infrastructure.bus_requests import (
    answer_cancels,
    answer_erasures,
    answer_previews,
    answer_replays,
)
from oslira_analysis.infrastructure.gauges import MEASURE_EVERY_S, Gauges
from oslira_analysis.infrastructure.guarded_scraper import GuardedScraper
from oslira_analysis.infrastructure.langid_languages import LangidLanguages
from oslira_analysis.infrastructure.made_once import MadeOnce
from oslira_analysis.infrastructure.nats_backlog import NatsBacklog
from oslira_analysis.infrastructure.openai_models import OpenAIModels
from oslira_analysis.infrastructure.own_hints import OwnHints
from oslira_analysis.infrastructure.postgres_anonymous import PostgresAnonymousRuns
from oslira_analysis.infrastructure.postgres_bulks import PostgresBulks
from oslira_analysis.infrastructure.postgres_businesses import PostgresBusinesses
from oslira_analysis.infrastructure.postgres_calls import PostgresCalls
from oslira_analysis.infrastructure.postgres_cancel import PostgresCancellations
from oslira_analysis.infrastructure.postgres_drafts import PostgresDrafts
from oslira_analysis.infrastructure.postgres_endings import PostgresEndings
from oslira_analysis.infrastructure.postgres_erasures import PostgresErasableRows
from oslira_analysis.infrastructure.postgres_expired import PostgresExpired
from oslira_analysis.infrastructure.postgres_failed import FAILED_RUNS
from oslira_analysis.infrastructure.postgres_listings import PostgresListings
from oslira_analysis.infrastructure.postgres_models import PostgresModels
from oslira_analysis.infrastructure.postgres_outages import PostgresOutages
from oslira_analysis.infrastructure.postgres_queue import PostgresQueue
from oslira_analysis.infrastructure.postgres_runs import PostgresRuns
from oslira_analysis.infrastructure.postgres_scrapes import PostgresScrapes
from oslira_analysis.infrastructure.postgres_settlements import PostgresSettlements
from oslira_analysis.infrastructure.postgres_snoozed import PostgresSnoozedRuns
from oslira_analysis.infrastructure.postgres_stalled import PostgresStalledRuns
from oslira_analysis.infrastructure.postgres_suppressions import PostgresSuppressions
from oslira_analysis.infrastructure.provider_requests import Connection
from oslira_analysis.infrastructure.read_model_table import read_model_table
from oslira_analysis.infrastructure.replays import BusHolds, PostgresFailedRuns
from oslira_analysis.infrastructure.s3_erasures import S3ErasableObjects
from oslira_analysis.infrastructure.s3_media import S3Media
from oslira_analysis.infrastructure.s3_profiles import S3Profiles
from oslira_analysis.infrastructure.seeds import LearnCosts, seed, seed_costs
from oslira_analysis.infrastructure.tables import RUNS, SCRAPES
from oslira_analysis.infrastructure.take_work import Engine, Hearts
from oslira_analysis.infrastructure.warm_up import warm_up
from oslira_analysis.settings import AnalysisSettings

_SWEEP_EVERY_S: Final = 1.0
_BEAT_EVERY_S: Final = 1.0
_WATCH_EVERY_S: Final = 1.0
_LOOK_FOR_STALLED_S: Final = 60.0
_FORGET_EVERY_S: Final = 2.0
_LOOK_AT_BUCKET_S: Final = 15.0
_LEARN_COSTS_S: Final = 60.0
_LOOK_AT_MODELS_S: Final = 2.0
# One profile is about 0.003 USD.
_MOST_SCRAPE_USD: Final = Decimal("0.01")
PortT = TypeVar("PortT")


class Dress(Protocol):
    """What every port passes through on its way into the engine: tests count there, and die there."""

    def __call__(self, port: PortT, /) -> PortT: ...


def _as_it_is(port: PortT, /) -> PortT:
    return port


def utc_now() -> datetime:
    """The clock of the wall."""
    return datetime.now(UTC)


async def build(
    runtime: Runtime,
    settings: AnalysisSettings,
    *,
    dress: Dress = _as_it_is,
    now: Callable[[], datetime] = utc_now,
) -> None:
    """Declare everything on the runtime. `now` is what ages of posts and the shutdown of models are told by."""
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
    bulks = PostgresBulks(database)
    own_hints = OwnHints(dress(NatsAnnouncer(runtime.bus, PostgresListings(database), points)))
    announcer = ClosingAnnouncer(own_hints, bulks, NatsBulkNews(runtime.bus))
    clients: list[MadeOnce[Any]] = []
    model_rows = PostgresModels(database)
    known = KnownModels(
        read_model_table(settings.model_table), model_rows, today=lambda: now().astimezone(UTC).date()
    )
    runtime.every(_LOOK_AT_MODELS_S, "look-at-models", known.refresh)
    runtime.ready_check("models", known.state)
    calls = PostgresCalls(database, keep_s=settings.stalled_after_s)
    suppliers: list[Supplier] = []
    models, lists = _models(
        runtime,
        settings,
        calls,
        dress,
        known=known,
        points=points,
        clients=clients,
        suppliers=suppliers,
    )
    bucket = S3Profiles(bucket=settings.s3_bucket, endpoint_url=settings.s3_endpoint_url)
    engine = _engine(
        runtime,
        settings,
        database,
        dress,
        bucket=bucket,
        announcer=announcer,
        models=models,
        clients=clients,
        now=now,
        suppliers=suppliers,
    )
    subscribe(runtime.bus, engine, own_hints)
    answer_outcomes(runtime.bus, PostgresSettlements(database), announcer)
    own_jobs(
        runtime,
        "analysis",
        {
            "daily-cleanup": DailyCleanup(
                PostgresExpired(database, scrape_names_kept_days=settings.scrape_names_kept_days)
            ),
            "failed-analysis-cleanup": _fail_stalled(runtime, settings, database, engine),
            "model-check": CheckModels(lists, model_rows, known),
        },
    )
    cancellations = PostgresCancellations(database)
    hearts = tuple(engine.hearts)
    answer_cancels(runtime.bus, cancellations, bulks, engine.queue, announcer, hearts=hearts)
    erasing = ErasePorts(
        PostgresErasableRows(database),
        S3ErasableObjects(bucket.client.get, bucket=settings.s3_bucket),
        cancellations,
        engine.queue,
        announcer,
    )
    answer_erasures(runtime.bus, erasing, hearts=hearts)
    answer_previews(runtime.bus, PostgresBusinesses(database), model_of=known.model_of)
    answer_replays(
        runtime.bus, ReplayPorts(PostgresFailedRuns(database), BusHolds(runtime.bus), engine.announcer)
    )
    answer_failed(runtime.bus, "analysis", FAILED_RUNS, database)
    runtime.every(_SWEEP_EVERY_S, "sweep-bulks", lambda: sweep_bulks(bulks, announcer))
    anonymous = PostgresAnonymousRuns(database)
    runtime.every(
        _FORGET_EVERY_S,
        "forget-anonymous",
        lambda: forget_anonymous(anonymous, cancellations, engine.queue, announcer),
    )
    runtime.every(_LEARN_COSTS_S, "learn-costs", LearnCosts(database))
    _watch(runtime, settings, database, suppliers, engine)
    runtime.every(
        MEASURE_EVERY_S,
        "measure",
        Gauges(database, {supplier.name: supplier.breaker for supplier in suppliers}, clock_s=time.monotonic),
    )
    runtime.every(
        _SWEEP_EVERY_S, "sweep", RecoverDue(engine.queue, engine.announcer, NatsBacklog(runtime.bus))
    )
    for step in ("admit", "score", "scrape", "abort"):
        runtime.every(_BEAT_EVERY_S, f"{step}-heartbeat", getattr(engine.hearts, step).beat_once)

    async def hand_work_back() -> None:
        own_hints.take({})
        for heart in hearts:
            heart.close()  # a handler that waits for room would hold up the end of pulling
        await runtime.bus.stop_pulling()
        # Scrapes at once: the next attempt re-attaches to the actor's run. Model calls are paid already, so they may finish.
        for heart in (engine.hearts.scrape, engine.hearts.abort):
            for claim in await heart.stop(grace_s=0):
                await engine.scrapes.release(claim)
        for heart in (engine.hearts.score, engine.hearts.admit):
            for claim in await heart.stop(grace_s=settings.shutdown_grace_s):
                await engine.runs.release(claim)
        await calls.finish(grace_s=settings.shutdown_grace_s)

    runtime.on_drain(hand_work_back)

    async def settle_in() -> None:
        await warm_up([client.get for client in clients])
        await seed_costs(database, known.table, most_scrape_usd=_MOST_SCRAPE_USD)

    runtime.once("settle-in", settle_in)


def _fail_stalled(
    runtime: Runtime, settings: AnalysisSettings, database: AdminClient, engine: Engine
) -> FailStalled:
    """The job looks hourly, and shows operators what it found; users don't wait for it."""
    fail_stalled = FailStalled(
        PostgresStalledRuns(database),
        engine.queue,
        engine.announcer,
        stalled_for=timedelta(seconds=settings.stalled_after_s),
    )
    runtime.every(_LOOK_FOR_STALLED_S, "fail-stalled", lambda: fail_stalled(utc_now(), Tally()))
    return fail_stalled


def _engine(
    runtime: Runtime,
    settings: AnalysisSettings,
    database: AdminClient,
    dress: Dress,
    *,
    bucket: S3Profiles,
    announcer: ClosingAnnouncer,
    models: BookedModels,
    clients: list[MadeOnce[Any]],
    now: Callable[[], datetime],
    suppliers: list[Supplier],
) -> Engine:
    runs, queue = dress(PostgresRuns(database)), dress(PostgresQueue(database))
    scrapes = dress(PostgresScrapes(database))
    suppressions = dress(PostgresSuppressions(database))
    cache = dress(bucket)
    media = S3Media(bucket.client.get, bucket=settings.s3_bucket)
    avatars = AvatarCopier(media, database)
    apify = ApifyScraper(
        token=settings.secret("apify_token"),
        api_url=settings.apify_api_url,
        actor_limit_s=settings.actor_limit_s,
        request_timeout_s=settings.apify_request_timeout_s,
        most_charge_usd=_MOST_SCRAPE_USD,
    )
    supplier = _supplier(runtime, "apify", apify.probe)
    suppliers.append(supplier)
    scraper = GuardedScraper(dress(apify), supplier.breaker, clock_s=time.monotonic)
    languages = LangidLanguages()
    # In the order in which a run needs them: models come late, and messages are checked last.
    clients[:] = [bucket.client, apify.client, *clients, languages.model]
    at_hand = AtHand()
    limits = ScrapeLimits(
        start_known_after_s=settings.apify_request_timeout_s + settings.apify_start_slack_s,
        actor_limit_s=settings.actor_limit_s,
        used_up_patience_s=settings.used_up_patience_s,
    )
    runtime.on_stop(bucket.close)
    runtime.on_stop(avatars.close)
    runtime.once("bucket-lifecycle", media.expire_profiles)
    state = BucketState(bucket.client.get, bucket=settings.s3_bucket)
    runtime.every(_LOOK_AT_BUCKET_S, "look-at-bucket", state.look)
    runtime.ready_check("bucket", state)
    return Engine(
        runs=runs,
        queue=queue,
        scrapes=scrapes,
        cache=cache,
        announcer=announcer,
        scraping=ScrapePorts(
            queue=queue,
            scrapes=scrapes,
            scraper=scraper,
            cache=cache,
            suppressions=suppressions,
            at_hand=at_hand,
            avatars=avatars,
            announcer=announcer,
            limits=limits,
            chance=random.random,
        ),
        scoring=ScorePorts(
            runs=runs,
            endings=dress(PostgresEndings(database)),
            queue=queue,
            cache=cache,
            suppressions=suppressions,
            at_hand=at_hand,
            models=models,
            drafts=dress(PostgresDrafts(database)),
            announcer=announcer,
            languages=languages,
            now=now,
            chance=random.random,
        ),
        hearts=Hearts(
            admit=Heart(database, RUNS, capacity=settings.workers),
            score=Heart(database, RUNS, capacity=settings.scoring_concurrency),
            scrape=Heart(database, SCRAPES, capacity=settings.apify_concurrency),
            abort=Heart(database, SCRAPES, capacity=settings.apify_concurrency),
        ),
        longest_s=settings.stalled_after_s,
    )


def _models(
    runtime: Runtime,
    settings: AnalysisSettings,
    calls: PostgresCalls,
    dress: Dress,
    *,
    known: KnownModels,
    points: Points,
    clients: list[MadeOnce[Any]],
    suppliers: list[Supplier],
) -> tuple[BookedModels, tuple[ModelList, ...]]:
    """OpenAI first, Anthropic when it fails; through the AI Gateway where there is one."""
    gateway = None
    if settings.ai_gateway_url is not None:
        gateway = AIGateway(
            settings.ai_gateway_url,
            token=settings.secret("ai_gateway_token"),
            cache_ttl_s=settings.ai_gateway_cache_ttl_s,
        )

    def connection(key: str, base_url: str) -> Connection:
        return Connection(settings.secret(key), base_url, settings.model_timeout_s)

    openai = OpenAIModels(connection("openai_api_key", settings.openai_base_url), gateway)
    anthropic = AnthropicModels(connection("anthropic_api_key", settings.anthropic_base_url), gateway)
    runtime.on_stop(openai.close)
    runtime.on_stop(anthropic.close)
    clients += [openai.client, anthropic.client]
    first = _supplier(runtime, "openai", openai.probe)
    second = _supplier(runtime, "anthropic", anthropic.probe)
    suppliers += [first, second]
    booked = BookedModels(
        dress(calls),
        (Seat(dress(openai), first.breaker), Seat(dress(anthropic), second.breaker)),
        known,
        clock_s=time.monotonic,
        points=points,
    )
    return booked, (openai, anthropic)


def _watch(
    runtime: Runtime,
    settings: AnalysisSettings,
    database: AdminClient,
    suppliers: list[Supplier],
    engine: Engine,
) -> None:
    """Outages, and the runs that wait for their end."""
    watch = WatchSuppliers(
        suppliers,
        PostgresOutages(database),
        clock_s=time.monotonic,
        probe_every_s=settings.supplier_probe_every_s,
    )
    runtime.every(_WATCH_EVERY_S, "watch-suppliers", watch)
    snoozed = PostgresSnoozedRuns(database, single_s=settings.snooze_single_s, bulk_s=settings.snooze_bulk_s)
    runtime.every(
        _SWEEP_EVERY_S, "wake-snoozed", lambda: wake_snoozed(snoozed, engine.queue, engine.announcer)
    )


def _supplier(runtime: Runtime, name: str, probe: Callable[[], Awaitable[object]]) -> Supplier:
    supplier = Supplier(name, Breaker(), probe)
    runtime.ready_check(name, breaker_state(supplier.breaker))
    return supplier
