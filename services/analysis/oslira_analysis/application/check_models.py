"""The daily check of the suppliers' model lists: which of our models still exist, and until when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

import structlog
from oslira_shared.jobs import JobProgress

from oslira_analysis.application.known_models import KnownModels, ModelRows
from oslira_analysis.domain.models.model_catalogue import Provider
from oslira_analysis.domain.models.model_table import ModelStatus, find_listed

_LOG = structlog.get_logger()


class ModelList(Protocol):
    """A supplier's list of models."""

    name: Provider

    async def list_models(self) -> Mapping[str, date | None]:
        """The available models, each with its shutdown date if one was announced."""
        ...


@dataclass(frozen=True, slots=True)
class CheckModels:
    """A job."""

    lists: Sequence[ModelList]
    rows: ModelRows
    known: KnownModels

    async def __call__(self, _slot: datetime, progress: JobProgress) -> None:
        """`found` counts our models that are missing from a list. An unreachable supplier does not stop the check of the other."""
        for supplier in self.lists:
            async with progress.item(supplier.name):
                progress.found += await self._look(supplier)
        await self.known.refresh()

    async def _look(self, supplier: ModelList) -> int:
        listed = await supplier.list_models()
        if not listed:  # an empty list means that we cannot read it
            raise ValueError("the list of models is empty")
        ours = [model for model, provider in self.known.table.watched().items() if provider == supplier.name]
        statuses = {model: find_listed(model, listed) for model in ours}
        await self.rows.note_listed(supplier.name, statuses)
        missing = [model for model, found in statuses.items() if not found.is_listed]
        _warn(supplier.name, statuses)
        return len(missing)


def _warn(provider: Provider, statuses: Mapping[str, ModelStatus]) -> None:
    for model, found in statuses.items():
        if not found.is_listed:
            _LOG.warning("model_not_listed", provider=provider, model=model)
        elif found.shuts_down_on is not None:
            _LOG.warning(
                "model_shuts_down", provider=provider, model=model, shuts_down_on=str(found.shuts_down_on)
            )
