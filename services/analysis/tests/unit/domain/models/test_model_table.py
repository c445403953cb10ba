"""The table of models: which one answers on which day, with which parameters, and which tables are refused."""

from dataclasses import replace
from datetime import date
from typing import get_args

import pytest
from genai_prices import Usage, calc_price
from oslira_analysis.domain.models.model_catalogue import (
    ANTHROPIC,
    CATALOGUE,
    OPENAI,
    Effort,
    Model,
    Provider,
)
from oslira_analysis.domain.models.model_table import (
    ROLES,
    Choice,
    InvalidTable,
    ModelStatus,
    ModelTable,
    Role,
    RoleName,
    choice_of,
    find_listed,
)

BEFORE = date(2026, 12, 10)
OLD_ROLES: dict[RoleName, Role] = {
    name: replace(role, model={"light": "gpt-4o-mini", "psychographic": "gpt-5"}.get(name, "gpt-5-mini"))
    for name, role in ROLES.items()
}
OLD = ModelTable(OLD_ROLES)


def chosen(
    table: ModelTable,
    role: RoleName,
    *,
    provider: Provider = OPENAI,
    today: date = BEFORE,
    statuses: dict[str, ModelStatus] | None = None,
) -> str | None:
    choice = table.choose(role, provider, today=today, statuses=statuses or {})
    return choice.model if choice else None


def test_every_role_has_a_row_and_every_model_a_price() -> None:
    assert set(ROLES) == set(get_args(RoleName))
    for model in CATALOGUE.values():
        usage = Usage(input_tokens=1_000, output_tokens=1_000)
        priced = calc_price(usage, model_ref=model.name, provider_id=model.parameters.provider)
        assert priced.total_price > 0, model.name


def test_the_built_in_rows_name_no_model_with_a_shutdown_date() -> None:
    assert [name for name in ModelTable().watched() if CATALOGUE[name].shuts_down_on] == []


@pytest.mark.parametrize(
    ("today", "light", "core", "psychographic"),
    [
        (date(2026, 12, 10), "gpt-4o-mini", "gpt-5-mini", "gpt-5"),
        (date(2026, 12, 11), "gpt-4o-mini", "gpt-6.1-terra", "gpt-6.1-sol"),
        (date(2026, 12, 12), "gpt-4o-mini", "gpt-6.1-terra", "gpt-6.1-sol"),
        (date(2027, 1, 13), "gpt-4o-mini", "gpt-6.1-terra", "gpt-6.1-sol"),
        (date(2027, 1, 15), "gpt-6-luna", "gpt-6.1-terra", "gpt-6.1-sol"),
    ],
)
def test_from_its_day_on_the_successor_answers_automatically(
    today: date, light: str, core: str, psychographic: str
) -> None:
    assert chosen(OLD, "light", today=today) == light
    assert chosen(OLD, "core", today=today) == core
    assert chosen(OLD, "business_draft", today=today) == core
    assert chosen(OLD, "psychographic", today=today) == psychographic


def test_a_date_that_a_supplier_announced_counts_when_it_is_earlier() -> None:
    earlier, later = ModelStatus(date(2026, 12, 1)), ModelStatus(date(2027, 6, 1))
    assert chosen(OLD, "light", statuses={"gpt-4o-mini": earlier}) == "gpt-6-luna"
    assert chosen(OLD, "light", statuses={"gpt-4o-mini": later}, today=date(2027, 1, 15)) == "gpt-6-luna"
    assert OLD.shuts_down_on("gpt-6-luna", {"gpt-6-luna": later}) == date(2027, 6, 1)
    assert OLD.shuts_down_on("gpt-6-luna", {}) is None


def test_an_unavailable_model_is_replaced_by_its_successor_if_it_has_one() -> None:
    gone = ModelStatus(is_removed=True)
    assert chosen(OLD, "core", statuses={"gpt-5-mini": gone}) == "gpt-6.1-terra"
    assert chosen(OLD, "core", statuses={"gpt-5-mini": gone, "gpt-6.1-terra": gone}) is None
    assert chosen(OLD, "core", provider=ANTHROPIC) == "claude-haiku-5-5"


def test_a_model_that_is_only_missing_from_a_list_is_still_used() -> None:
    assert chosen(OLD, "core", statuses={"gpt-5-mini": ModelStatus(is_listed=False)}) == "gpt-5-mini"


def test_what_is_watched_are_the_models_of_the_rows_and_their_successors() -> None:
    assert OLD.watched() == {
        "gpt-4o-mini": OPENAI,
        "gpt-5-mini": OPENAI,
        "gpt-5": OPENAI,
        "gpt-6-luna": OPENAI,
        "gpt-6.1-terra": OPENAI,
        "gpt-6.1-sol": OPENAI,
        "claude-haiku-5-5": ANTHROPIC,
        "claude-sonnet-5-5": ANTHROPIC,
    }


@pytest.mark.parametrize(
    ("model", "effort", "choice"),
    [
        ("gpt-4o-mini", "low", Choice("gpt-4o-mini", 1_000, temperature=0.2)),
        ("gpt-5-mini", "none", Choice("gpt-5-mini", 2_000, "minimal")),
        ("gpt-5-mini", "max", Choice("gpt-5-mini", 17_000, "high")),
        ("gpt-6-luna", "none", Choice("gpt-6-luna", 1_000, "none", has_cache_breakpoints=True)),
        ("gpt-6-luna", "minimal", Choice("gpt-6-luna", 5_000, "low", has_cache_breakpoints=True)),
        ("gpt-6.1-sol", "none", Choice("gpt-6.1-sol", 5_000, "low", has_cache_breakpoints=True)),
        ("claude-haiku-4-5", "low", Choice("claude-haiku-4-5", 1_000, thinking="disabled")),
        ("claude-haiku-5-5", "none", Choice("claude-haiku-5-5", 1_300, "low", None, "disabled")),
        ("claude-haiku-5-5", "minimal", Choice("claude-haiku-5-5", 1_300, "low", None, "disabled")),
        ("claude-haiku-5-5", "low", Choice("claude-haiku-5-5", 6_500, "low", None, "adaptive")),
        ("claude-sonnet-5-5", "none", Choice("claude-sonnet-5-5", 1_300, "low", None, "between_tools")),
        ("claude-sonnet-5-5", "high", Choice("claude-sonnet-5-5", 22_100, "high", None, "adaptive")),
    ],
)
def test_a_model_gets_the_parameters_of_its_family_and_room_for_its_reasoning(
    model: str, effort: Effort, choice: Choice
) -> None:
    role = Role("gpt-6-luna", "claude-haiku-5-5", effort, 1_000, 0.2)
    assert choice_of(role, CATALOGUE[model]) == choice


def test_every_choice_is_the_row_on_any_day() -> None:
    assert [choice.model for choice in OLD.every_choice("light", OPENAI)] == ["gpt-4o-mini", "gpt-6-luna"]


@pytest.mark.parametrize(
    ("role", "models", "problem"),
    [
        ({"model": "gpt-9"}, {}, r"role light: unknown model 'gpt-9' .name its family under `models`"),
        ({"model": "claude-haiku-5-5"}, {}, "role light: claude-haiku-5-5 is not a model of openai"),
        ({"fallback": "gpt-6-luna"}, {}, "role light: gpt-6-luna is not a model of anthropic"),
        (
            {"model": "a"},
            {
                "a": Model("a", "gpt-6", 128_000, successor="b"),
                "b": Model("b", "gpt-6", 128_000, successor="a"),
            },
            "role light: a is its own successor",
        ),
        ({"output_tokens": 100}, {}, "role light: output_tokens is at least 256"),
        (
            {"model": "gpt-4o-mini", "output_tokens": 20_000},
            {},
            "role light: gpt-4o-mini gives at most 16384 tokens, answer and reasoning may need 20000",
        ),
        (
            {"effort": "max", "output_tokens": 100_000},
            {},
            "role light: gpt-6-luna gives at most 128000 tokens, answer and reasoning may need 164000",
        ),
    ],
)
def test_an_invalid_table_is_rejected(
    role: dict[str, object], models: dict[str, Model], problem: str
) -> None:
    with pytest.raises(InvalidTable, match=problem):
        ModelTable({**ROLES, "light": replace(ROLES["light"], **role)}, {**CATALOGUE, **models})


@pytest.mark.parametrize(
    ("listed", "found"),
    [
        ({"gpt-5": date(2026, 12, 11), "gpt-5-2025-08-07": None}, ModelStatus(date(2026, 12, 11))),
        ({"gpt-5-2025-08-07": None, "gpt-5-2026-01-01": date(2027, 1, 1)}, ModelStatus(date(2027, 1, 1))),
        ({"gpt-5-20250807": None}, ModelStatus()),
        ({"gpt-5-mini": None, "gpt-5.1": None}, ModelStatus(is_listed=False)),
        ({}, ModelStatus(is_listed=False)),
    ],
)
def test_a_model_is_found_in_a_list_by_its_name_or_its_newest_snapshot(
    listed: dict[str, date | None], found: ModelStatus
) -> None:
    assert find_listed("gpt-5", listed) == found
