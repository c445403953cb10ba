"""Wires the engine: the only place that knows its concrete parts."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from oslira_shared.postgres.clients import AdminClient
from oslira_shared.runtime import Runtime
from oslira_shared.work import Heart

from oslira_analysis.application.recover_due import recover_due
from oslira_analysis.application.run_scrape import ScrapeLimits, ScrapePorts
from oslira_analysis.application.score_run import ScorePorts
from oslira_analysis.infrastructure.announcer import NatsAnnouncer
from oslira_analysis.infrastructure.apify import ApifyScraper
from oslira_analysis.infrastructure.bus import Engine, subscribe
from oslira_analysis.infrastructure.openai_models import OpenAIModels
from oslira_analysis.infrastructure.postgres_calls import PostgresCalls
from oslira_analysis.infrastructure.postgres_endings import PostgresEndings
from oslira_analysis.infrastructure.postgres_queue import PostgresQueue
from oslira_analysis.infrastructure.postgres_runs import PostgresRuns
from oslira_analysis.infrastructure.postgres_scrapes import PostgresScrapes
from oslira_analysis.infrastructure.postgres_settlements import PostgresSettlements
from oslira_analysis.infrastructure.s3_profiles import S3Profiles
from oslira_analysis.infrastructure.sdks import load_sdks
from oslira_analysis.infrastructure.seeds import seed
from oslira_analysis.infrastructure.tables import RUNS, SCRAPES
from oslira_analysis.settings import AnalysisSettings

_SWEEP_EVERY_S: Final = 1.0
_BEAT_EVERY_S: Final = 1.0
_MOST_SCRAPE_USD: Final = Decimal("0.05")


async def build(runtime: Runtime, settings: AnalysisSettings) -> None:
    """Declare everything on the runtime."""
    database = AdminClient(runtime.database)
    await seed(database, scrape_slots=settings.apify_concurrency, score_slots=settings.scoring_concurrency)
    engine = _engine(runtime, settings, database)
    subscribe(runtime.bus, engine)
    runtime.every(_SWEEP_EVERY_S, "sweep", lambda: recover_due(engine.queue, engine.announcer))
    runtime.every(_BEAT_EVERY_S, "run-heartbeat", engine.run_heart.beat_once)
    runtime.every(_BEAT_EVERY_S, "scrape-heartbeat", engine.scrape_heart.beat_once)

    async def hand_work_back() -> None:
        # Scrapes at once: the next attempt re-attaches to the actor's run. Model calls are paid already, so they may finish.
        for claim in await engine.scrape_heart.stop(grace_s=0):
            await engine.scrapes.release(claim)
        for claim in await engine.run_heart.stop(grace_s=settings.shutdown_grace_s):
            await engine.runs.release(claim)

    runtime.on_stop(hand_work_back)
    runtime.once("load-sdks", lambda: asyncio.to_thread(load_sdks))


def _engine(runtime: Runtime, settings: AnalysisSettings, database: AdminClient) -> Engine:
    runs, queue = PostgresRuns(database), PostgresQueue(database)
    scrapes = PostgresScrapes(database)
    announcer = NatsAnnouncer(runtime.bus)
    cache = S3Profiles(bucket=settings.s3_bucket, endpoint_url=settings.s3_endpoint_url)
    scraper = ApifyScraper(
        token=settings.key(settings.apify_token),
        api_url=settings.apify_api_url,
        actor_limit_s=settings.actor_limit_s,
        request_timeout_s=settings.apify_request_timeout_s,
        most_charge_usd=_MOST_SCRAPE_USD,
    )
    models = OpenAIModels(
        PostgresCalls(database),
        api_key=settings.key(settings.openai_api_key),
        base_url=settings.openai_base_url,
        timeout_s=settings.model_timeout_s,
    )
    limits = ScrapeLimits(
        start_known_after_s=settings.apify_request_timeout_s + 30, actor_limit_s=settings.actor_limit_s
    )
    runtime.on_stop(cache.close)
    runtime.on_stop(models.close)
    return Engine(
        runs=runs,
        queue=queue,
        scrapes=scrapes,
        settlements=PostgresSettlements(database),
        cache=cache,
        announcer=announcer,
        scraping=ScrapePorts(
            queue=queue, scrapes=scrapes, scraper=scraper, cache=cache, announcer=announcer, limits=limits
        ),
        scoring=ScorePorts(
            runs=runs,
            endings=PostgresEndings(database),
            queue=queue,
            cache=cache,
            models=models,
            announcer=announcer,
            now=lambda: datetime.now(UTC),
        ),
        run_heart=Heart(database, RUNS, capacity=settings.workers),
        scrape_heart=Heart(database, SCRAPES, capacity=settings.workers),
    )
