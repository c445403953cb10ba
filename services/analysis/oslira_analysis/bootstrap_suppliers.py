"""The providers of models, and the outages of all suppliers."""

import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from oslira_shared.observability.points import Points
from oslira_shared.postgres.clients import AdminClient
from oslira_shared.runtime import Runtime

from oslira_analysis.application.after_commit import AfterCommit
from oslira_analysis.application.answer_call import ProviderSlot, RecordedModels
from oslira_analysis.application.check_models import ModelList
from oslira_analysis.application.known_models import KnownModels
from oslira_analysis.application.resume_snoozed import resume_snoozed
from oslira_analysis.application.watch_suppliers import Supplier, WatchSuppliers
from oslira_analysis.domain.breaker import Breaker
from oslira_analysis.infrastructure.breaker_state import breaker_state
from oslira_analysis.infrastructure.models.ai_gateway import AIGateway
from oslira_analysis.infrastructure.models.anthropic_models import AnthropicModels
from oslira_analysis.infrastructure.models.openai_models import OpenAIModels
from oslira_analysis.infrastructure.models.provider_requests import Connection
from oslira_analysis.infrastructure.postgres.calls import PostgresCalls
from oslira_analysis.infrastructure.postgres.outages import PostgresOutages
from oslira_analysis.infrastructure.postgres.snoozed import PostgresSnoozedRuns
from oslira_analysis.infrastructure.singleflight import Singleflight
from oslira_analysis.settings import AnalysisSettings

_WATCH_EVERY_S: Final = 1.0
_RESUME_EVERY_S: Final = 1.0


def build_models(
    runtime: Runtime,
    settings: AnalysisSettings,
    calls: PostgresCalls,
    *,
    known: KnownModels,
    points: Points,
    clients: list[Singleflight[Any]],
    suppliers: list[Supplier],
) -> tuple[RecordedModels, tuple[ModelList, ...]]:
    """OpenAI first, Anthropic as fallback; through the AI Gateway if it is configured."""
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
    first = supplier_of(runtime, "openai", openai.probe)
    second = supplier_of(runtime, "anthropic", anthropic.probe)
    suppliers += [first, second]
    booked = RecordedModels(
        calls,
        (ProviderSlot(openai, first.breaker), ProviderSlot(anthropic, second.breaker)),
        known,
        clock_s=time.monotonic,
        points=points,
    )
    return booked, (openai, anthropic)


def watch_suppliers(
    runtime: Runtime,
    settings: AnalysisSettings,
    database: AdminClient,
    suppliers: list[Supplier],
    after: AfterCommit,
) -> None:
    """Outages, and the runs that wait for recovery."""
    watch = WatchSuppliers(
        suppliers,
        PostgresOutages(database),
        clock_s=time.monotonic,
        probe_every_s=settings.supplier_probe_every_s,
    )
    runtime.every(_WATCH_EVERY_S, "watch-suppliers", watch)
    snoozed = PostgresSnoozedRuns(database, single_s=settings.snooze_single_s, bulk_s=settings.snooze_bulk_s)
    runtime.every(_RESUME_EVERY_S, "resume-snoozed", lambda: resume_snoozed(snoozed, after))


def supplier_of(runtime: Runtime, name: str, probe: Callable[[], Awaitable[object]]) -> Supplier:
    supplier = Supplier(name, Breaker(), probe)
    runtime.ready_check(name, breaker_state(supplier.breaker))
    return supplier
