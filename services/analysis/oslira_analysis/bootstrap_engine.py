"""The engine's ports and lease keepers."""

import random
import time
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from oslira_shared.postgres.clients import AdminClient
from oslira_shared.runtime import Runtime
from oslira_shared.work import LeaseKeeper

from oslira_analysis.application.after_commit import AfterCommit
from oslira_analysis.application.answer_call import RecordedModels
from oslira_analysis.application.memory_cache import MemoryCache
from oslira_analysis.application.score_run import ScorePorts
from oslira_analysis.application.scrape_ports import ScrapeLimits, ScrapePorts
from oslira_analysis.application.watch_suppliers import Supplier
from oslira_analysis.bootstrap_suppliers import supplier_of
from oslira_analysis.infrastructure.bus.claim_work import Engine, LeaseKeepers
from oslira_analysis.infrastructure.media.avatar_copier import AvatarCopier
from oslira_analysis.infrastructure.media.bucket_state import BucketState
from oslira_analysis.infrastructure.media.s3_media import S3Media
from oslira_analysis.infrastructure.models.langid_languages import LangidLanguages
from oslira_analysis.infrastructure.postgres.drafts import PostgresDrafts
from oslira_analysis.infrastructure.postgres.endings import PostgresEndings
from oslira_analysis.infrastructure.postgres.runs import PostgresRuns
from oslira_analysis.infrastructure.postgres.scrapes import PostgresScrapes
from oslira_analysis.infrastructure.postgres.suppressions import PostgresSuppressions
from oslira_analysis.infrastructure.postgres.tables import RUNS, SCRAPES
from oslira_analysis.infrastructure.scraping.apify import ApifyScraper
from oslira_analysis.infrastructure.scraping.guarded_scraper import GuardedScraper
from oslira_analysis.infrastructure.scraping.s3_profiles import S3Profiles
from oslira_analysis.infrastructure.singleflight import Singleflight
from oslira_analysis.settings import AnalysisSettings

_LOOK_AT_BUCKET_S: Final = 15.0
# One profile is about 0.003 USD.
MOST_SCRAPE_USD: Final = Decimal("0.01")


def build_engine(
    runtime: Runtime,
    settings: AnalysisSettings,
    database: AdminClient,
    *,
    bucket: S3Profiles,
    after: AfterCommit,
    models: RecordedModels,
    clients: list[Singleflight[Any]],
    now: Callable[[], datetime],
    suppliers: list[Supplier],
) -> Engine:
    runs, scrapes = PostgresRuns(database), PostgresScrapes(database)
    suppressions = PostgresSuppressions(database)
    media = S3Media(bucket.client.get, bucket=settings.s3_bucket)
    avatars = AvatarCopier(media, database)
    apify = ApifyScraper(
        token=settings.secret("apify_token"),
        api_url=settings.apify_api_url,
        actor_limit_s=settings.actor_limit_s,
        request_timeout_s=settings.apify_request_timeout_s,
        most_charge_usd=MOST_SCRAPE_USD,
    )
    supplier = supplier_of(runtime, "apify", apify.probe)
    suppliers.append(supplier)
    scraper = GuardedScraper(apify, supplier.breaker, clock_s=time.monotonic)
    languages = LangidLanguages()
    # In the order in which a run needs them: models are used late, and messages are checked last.
    clients[:] = [bucket.client, apify.client, *clients, languages.model]
    memory_cache = MemoryCache()
    limits = ScrapeLimits(
        start_known_after_s=settings.apify_request_timeout_s + settings.apify_start_slack_s,
        actor_limit_s=settings.actor_limit_s,
        used_up_wait_s=settings.used_up_patience_s,
    )
    runtime.on_stop(bucket.close)
    runtime.on_stop(avatars.close)
    runtime.once("bucket-lifecycle", media.expire_profiles)
    state = BucketState(bucket.client.get, bucket=settings.s3_bucket)
    runtime.every(_LOOK_AT_BUCKET_S, "look-at-bucket", state.look)
    runtime.ready_check("bucket", state)
    return Engine(
        runs=runs,
        scrapes=scrapes,
        cache=bucket,
        after=after,
        scraping=ScrapePorts(
            scrapes=scrapes,
            scraper=scraper,
            cache=bucket,
            suppressions=suppressions,
            memory_cache=memory_cache,
            avatars=avatars,
            after=after,
            limits=limits,
            chance=random.random,
        ),
        scoring=ScorePorts(
            runs=runs,
            endings=PostgresEndings(database),
            cache=bucket,
            suppressions=suppressions,
            memory_cache=memory_cache,
            models=models,
            drafts=PostgresDrafts(database),
            after=after,
            languages=languages,
            now=now,
            chance=random.random,
        ),
        lease_keepers=LeaseKeepers(
            admit=LeaseKeeper(database, RUNS, capacity=settings.workers),
            score=LeaseKeeper(database, RUNS, capacity=settings.scoring_concurrency),
            scrape=LeaseKeeper(database, SCRAPES, capacity=settings.apify_concurrency),
            abort=LeaseKeeper(database, SCRAPES, capacity=settings.apify_concurrency),
        ),
        longest_s=settings.stalled_after_s,
    )
