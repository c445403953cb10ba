"""Model statuses: shared with the other replicas, cached while the database is unavailable, shown to operators."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

import pytest
from oslira_analysis.application.check_models import CheckModels
from oslira_analysis.application.known_models import KnownModels
from oslira_analysis.domain.models.calls import SCORE
from oslira_analysis.domain.models.model_catalogue import Provider
from oslira_analysis.domain.models.model_table import ROLES, ModelStatus, ModelTable
from oslira_analysis.metrics import MODEL_MISSING, MODEL_SHUTDOWN_DAYS
from oslira_shared.jobs import JobProgress

OLD = ModelTable({**ROLES, "light": replace(ROLES["light"], model="gpt-4o-mini")})


@dataclass
class MemoryRows:
    """Implements ModelRows."""

    rows: dict[str, ModelStatus] = field(default_factory=dict[str, ModelStatus])
    is_away: bool = False

    async def read(self) -> Mapping[str, ModelStatus]:
        self._answer()
        return dict(self.rows)

    async def note_removed(self, provider: Provider, model: str) -> None:  # noqa: ARG002
        self._answer()
        self.rows[model] = replace(self.rows.get(model, ModelStatus()), is_removed=True)

    async def note_listed(self, provider: Provider, models: Mapping[str, ModelStatus]) -> None:  # noqa: ARG002
        self.rows |= models

    def _answer(self) -> None:
        if self.is_away:
            raise ConnectionError("the database is away")


class Desk:
    def __init__(self, table: ModelTable = OLD, *, today: date = date(2026, 11, 28)) -> None:
        self.today = today
        self.rows = MemoryRows()
        self.known = self.replica(table)

    def replica(self, table: ModelTable = OLD) -> KnownModels:
        return KnownModels(table, self.rows, today=lambda: self.today)

    def days(self, model: str) -> float:
        return MODEL_SHUTDOWN_DAYS.labels("openai", model)._value.get()

    def missing(self, model: str) -> float:
        return MODEL_MISSING.labels("openai", model)._value.get()


async def test_a_model_that_one_replica_found_missing_is_used_by_none() -> None:
    desk = Desk()
    other = desk.replica()
    await desk.known.note_removed("openai", "gpt-4o-mini")
    assert desk.known.model_of(SCORE) == "gpt-6-luna"
    assert other.model_of(SCORE) == "gpt-4o-mini"
    await other.refresh()
    assert other.model_of(SCORE) == "gpt-6-luna"


async def test_an_unsaved_status_applies_here_and_is_saved_later() -> None:
    desk = Desk()
    desk.rows.is_away = True
    await desk.known.note_removed("openai", "gpt-4o-mini")
    assert desk.known.model_of(SCORE) == "gpt-6-luna"
    with pytest.raises(ConnectionError):
        await desk.known.refresh()
    assert desk.known.model_of(SCORE) == "gpt-6-luna"
    desk.rows.is_away = False
    await desk.known.refresh()
    assert desk.rows.rows["gpt-4o-mini"].is_removed
    assert desk.known.model_of(SCORE) == "gpt-6-luna"


async def test_without_any_model_left_the_row_is_shown() -> None:
    desk = Desk()
    for provider, model in (
        ("openai", "gpt-4o-mini"),
        ("openai", "gpt-6-luna"),
        ("anthropic", "claude-haiku-5-5"),
    ):
        desk.rows.rows[model] = ModelStatus(is_removed=True)
        assert provider
    await desk.known.refresh()
    assert desk.known.model_of(SCORE) == "gpt-4o-mini"


@pytest.mark.parametrize(
    ("today", "days", "state"),
    [
        (date(2026, 11, 14), 61, "ok"),
        (date(2026, 11, 15), 60, "gpt-4o-mini shuts down on 2027-01-14"),
        (date(2027, 1, 15), -1, "gpt-4o-mini shuts down on 2027-01-14"),
    ],
)
async def test_a_shutdown_is_shown_sixty_days_ahead_and_until_the_table_changes(
    today: date, days: int, state: str
) -> None:
    desk = Desk(today=today)
    await desk.known.refresh()
    assert desk.days("gpt-4o-mini") == days
    assert desk.days("gpt-6-luna") == 10_000
    assert await desk.known.state() == state


async def test_a_missing_model_is_shown() -> None:
    desk = Desk(ModelTable())
    desk.rows.rows = {"gpt-6-luna": ModelStatus(is_removed=True), "gpt-6.1-sol": ModelStatus(is_listed=False)}
    await desk.known.refresh()
    assert (desk.missing("gpt-6-luna"), desk.missing("gpt-6.1-sol"), desk.missing("gpt-6.1-terra")) == (
        1,
        1,
        0,
    )
    expected = "gpt-6-luna is not found at its supplier; gpt-6.1-sol is not found at its supplier"
    assert await desk.known.state() == expected


@dataclass
class ScriptedList:
    """Implements ModelList."""

    name: Provider
    listed: dict[str, date | None] | None

    async def list_models(self) -> Mapping[str, date | None]:
        if self.listed is None:
            raise TimeoutError
        return self.listed


SLOT = datetime(2026, 11, 28, 5, tzinfo=UTC)
CLAUDES: dict[str, date | None] = {"claude-haiku-5-5": None, "claude-sonnet-5-5": date(2027, 1, 1)}


async def test_the_daily_check_stores_dates_and_missing_models() -> None:
    desk = Desk()
    desk.rows.rows["gpt-6.1-terra"] = ModelStatus(is_removed=True)
    openai = {"gpt-4o-mini": date(2027, 1, 14), "gpt-6.1-terra": None, "gpt-6-luna": None, "another": None}
    progress = JobProgress()
    job = CheckModels(
        (ScriptedList("openai", openai), ScriptedList("anthropic", CLAUDES)), desk.rows, desk.known
    )
    await job(SLOT, progress)
    assert (progress.succeeded, progress.failed, progress.found) == (2, 0, 1)
    assert desk.rows.rows == {
        "gpt-4o-mini": ModelStatus(date(2027, 1, 14)),
        "gpt-6.1-terra": ModelStatus(),  # it is back
        "gpt-6-luna": ModelStatus(),
        "gpt-6.1-sol": ModelStatus(is_listed=False),
        "claude-haiku-5-5": ModelStatus(),
        "claude-sonnet-5-5": ModelStatus(date(2027, 1, 1)),
    }
    assert "claude-sonnet-5-5 shuts down on 2027-01-01" in await desk.known.state()


@pytest.mark.parametrize("listed", [None, {}])
async def test_an_unreadable_model_list_marks_no_model_as_missing(
    listed: dict[str, date | None] | None,
) -> None:
    desk = Desk()
    progress = JobProgress()
    job = CheckModels(
        (ScriptedList("openai", listed), ScriptedList("anthropic", CLAUDES)), desk.rows, desk.known
    )
    await job(SLOT, progress)
    assert (progress.succeeded, progress.failed) == (1, 1)
    assert set(desk.rows.rows) == set(CLAUDES)
    assert desk.known.model_of(SCORE) == "gpt-4o-mini"
