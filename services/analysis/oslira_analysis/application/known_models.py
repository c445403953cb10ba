"""Which models are available: the table of models and what suppliers reported, shared by all replicas through rows."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Final, Protocol

import structlog

from oslira_analysis.domain.models.calls import Call
from oslira_analysis.domain.models.model_catalogue import ANTHROPIC, OPENAI, Provider
from oslira_analysis.domain.models.model_table import NO_STATUS, Choice, ModelStatus, ModelTable
from oslira_analysis.metrics import MODEL_MISSING, MODEL_SHUTDOWN_DAYS

_LOG = structlog.get_logger()
# The first of the three warnings; readiness shows it too.
WARN_DAYS: Final = 60
# The metric's value for a model without a known date: later than any warning.
_NO_DATE_DAYS: Final = 10_000


class ModelRows(Protocol):
    """What suppliers reported about models."""

    async def read(self) -> Mapping[str, ModelStatus]:
        """By model."""
        ...

    async def note_removed(self, provider: Provider, model: str) -> None:
        """A request for the model was answered with model_not_found."""
        ...

    async def note_listed(self, provider: Provider, models: Mapping[str, ModelStatus]) -> None:
        """Store the supplier's list of models. A listed model is available again."""
        ...


class KnownModels:
    """Implements ModelChoices. `today` is the date in UTC."""

    def __init__(self, table: ModelTable, rows: ModelRows, *, today: Callable[[], date]) -> None:
        self.table = table
        self._rows = rows
        self._today = today
        self._statuses: Mapping[str, ModelStatus] = {}
        # Not yet stored in a row, because the database was unavailable.
        self._unsaved: dict[str, Provider] = {}

    def choose(self, call: Call, provider: Provider) -> Choice | None:
        return self.table.choose(call.role, provider, today=self._today(), statuses=self._statuses)

    def model_of(self, call: Call) -> str:
        """The model for a call at present, if its provider works."""
        choices = (self.choose(call, provider) for provider in (OPENAI, ANTHROPIC))
        return next((choice.model for choice in choices if choice), self.table.roles[call.role].model)

    async def note_removed(self, provider: Provider, model: str) -> None:
        _LOG.error("model_not_found", provider=provider, model=model)
        self._unsaved[model] = provider
        self._apply(self._statuses)
        try:
            await self._save()
        except Exception:  # noqa: BLE001  # the run goes on with another model; `refresh` saves it
            _LOG.exception("model_not_saved", model=model)

    async def refresh(self) -> None:
        """Every few seconds: load what other replicas and the daily job stored."""
        await self._save()
        self._apply(await self._rows.read())
        self._measure()

    async def state(self) -> str:
        """For /health/ready: `ok`, or the models that are unavailable, unlisted or about to be shut down."""
        return "; ".join(self._warnings()) or "ok"

    async def _save(self) -> None:
        for model, provider in list(self._unsaved.items()):
            await self._rows.note_removed(provider, model)
            self._unsaved.pop(model, None)

    def _apply(self, statuses: Mapping[str, ModelStatus]) -> None:
        gone = {
            model: ModelStatus(self._of(model, statuses).shuts_down_on, is_removed=True)
            for model in self._unsaved
        }
        self._statuses = {**statuses, **gone}

    def _measure(self) -> None:
        today = self._today()
        for model, provider in self.table.watched().items():
            ends = self.table.shuts_down_on(model, self._statuses)
            days = (ends - today).days if ends else _NO_DATE_DAYS
            MODEL_SHUTDOWN_DAYS.labels(provider, model).set(days)
            MODEL_MISSING.labels(provider, model).set(self._is_missing(model))

    def _warnings(self) -> list[str]:
        warnings: list[str] = []
        for model in sorted(self.table.watched()):
            ends = self.table.shuts_down_on(model, self._statuses)
            if ends is not None and (ends - self._today()).days <= WARN_DAYS:
                warnings.append(f"{model} shuts down on {ends}")
            elif self._is_missing(model):
                warnings.append(f"{model} is not found at its supplier")
        return warnings

    def _is_missing(self, model: str) -> bool:
        status = self._of(model, self._statuses)
        return status.is_removed or not status.is_listed

    def _of(self, model: str, statuses: Mapping[str, ModelStatus]) -> ModelStatus:
        return statuses.get(model, NO_STATUS)
