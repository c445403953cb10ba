"""Which model answers which call: one row for each role, and the successor when a model is shut down."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

from oslira_analysis.domain.models.model_catalogue import (
    ANTHROPIC,
    CATALOGUE,
    OPENAI,
    REASONING_TOKENS,
    Effort,
    Model,
    Provider,
    Thinking,
)

RoleName = Literal[
    "light", "core", "outreach", "personality", "psychographic", "commercial", "business_draft"
]
LEAST_OUTPUT_TOKENS: Final = 256


@dataclass(frozen=True, slots=True)
class Role:
    """One row. `model` is OpenAI's, `fallback` Anthropic's. `output_tokens` is for the answer; room for reasoning comes on top.

    `effort` and `temperature` are sent if the model accepts them.
    """

    model: str
    fallback: str
    effort: Effort
    output_tokens: int
    temperature: float | None = None

    def model_at(self, provider: Provider) -> str:
        return self.model if provider == OPENAI else self.fallback


@dataclass(frozen=True, slots=True)
class Choice:
    """The model of one request and its parameters. `max_tokens` bounds answer and reasoning. None: not sent."""

    model: str
    max_tokens: int
    effort: Effort | None = None
    temperature: float | None = None
    thinking: Thinking | None = None
    has_cache_breakpoints: bool = False


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """What a supplier reported about a model. `is_removed`: a request returned model_not_found."""

    shuts_down_on: date | None = None
    is_removed: bool = False
    is_listed: bool = True


NO_STATUS: Final = ModelStatus()

ROLES: Final[dict[RoleName, Role]] = {
    "light": Role("gpt-6-luna", "claude-haiku-5-5", "none", 1_500, 0.2),
    "core": Role("gpt-6.1-terra", "claude-haiku-5-5", "low", 4_000),
    "outreach": Role("gpt-6.1-terra", "claude-haiku-5-5", "low", 4_000),
    "personality": Role("gpt-6.1-terra", "claude-haiku-5-5", "low", 4_000),
    "psychographic": Role("gpt-6.1-sol", "claude-sonnet-5-5", "low", 6_000),
    "commercial": Role("gpt-6.1-terra", "claude-haiku-5-5", "low", 4_000),
    "business_draft": Role("gpt-6.1-terra", "claude-haiku-5-5", "low", 4_000),
}


class InvalidTable(ValueError):  # noqa: N818
    """An invalid table; the message names the row and the error."""


@dataclass(frozen=True, slots=True)
class ModelTable:
    """Rows by role, with the models that they name. Raises InvalidTable."""

    roles: Mapping[RoleName, Role] = field(default_factory=lambda: ROLES)
    models: Mapping[str, Model] = field(default_factory=lambda: CATALOGUE)

    def __post_init__(self) -> None:
        for name, role in self.roles.items():
            for provider in (OPENAI, ANTHROPIC):
                self._check(f"role {name}", role, provider)

    def chain(self, model: str) -> Iterator[Model]:
        """The model and its chain of successors."""
        name: str | None = model
        while name is not None:
            found = self.models[name]
            yield found
            name = found.successor

    def watched(self) -> dict[str, Provider]:
        """The models of all rows and their successors, with their suppliers."""
        return {
            model.name: provider
            for role in self.roles.values()
            for provider in (OPENAI, ANTHROPIC)
            for model in self.chain(role.model_at(provider))
        }

    def shuts_down_on(self, model: str, statuses: Mapping[str, ModelStatus]) -> date | None:
        """The earlier of our date and the supplier's."""
        dates = (self.models[model].shuts_down_on, statuses.get(model, NO_STATUS).shuts_down_on)
        return min((day for day in dates if day is not None), default=None)

    def choose(
        self, name: RoleName, provider: Provider, *, today: date, statuses: Mapping[str, ModelStatus]
    ) -> Choice | None:
        """The first of the row's model and its successors that is available today; None if there is none."""
        role = self.roles[name]
        for model in self.chain(role.model_at(provider)):
            ends = self.shuts_down_on(model.name, statuses)
            if not statuses.get(model.name, NO_STATUS).is_removed and (ends is None or today < ends):
                return choice_of(role, model)
        return None

    def every_choice(self, name: RoleName, provider: Provider) -> list[Choice]:
        """Every choice that `choose` may return, on any day."""
        role = self.roles[name]
        return [choice_of(role, model) for model in self.chain(role.model_at(provider))]

    def _check(self, row: str, role: Role, provider: Provider) -> None:
        seen: list[str] = []
        name: str | None = role.model_at(provider)
        while name is not None:
            model = self.models.get(name)
            if model is None:
                raise InvalidTable(f"{row}: unknown model {name!r} (name its family under `models`)")
            if model.parameters.provider != provider:
                raise InvalidTable(f"{row}: {name} is not a model of {provider}")
            if name in seen:
                raise InvalidTable(f"{row}: {name} is its own successor")
            _check_limit(row, role, model)
            seen.append(name)
            name = model.successor


def choice_of(role: Role, model: Model) -> Choice:
    """The role's parameters that the model accepts."""
    family = model.parameters
    effort = family.effort(role.effort)
    is_thinking = effort != "none" and (family.no_thinking is None or role.effort not in {"none", "minimal"})
    room = REASONING_TOKENS[effort] if is_thinking else 0
    return Choice(
        model.name,
        max_tokens=(role.output_tokens + room) * family.token_percent // 100,
        effort=effort if family.efforts else None,
        temperature=role.temperature if family.takes_temperature else None,
        thinking=("adaptive" if is_thinking else family.no_thinking) if family.no_thinking else None,
        has_cache_breakpoints=family.has_cache_breakpoints,
    )


def find_listed(model: str, listed: Mapping[str, date | None]) -> ModelStatus:
    """What a supplier's list reports about a model, by its name or as a dated snapshot of it (the newest counts)."""
    snapshots = sorted(name for name in listed if _is_snapshot(name, model))
    found = model if model in listed else next(reversed(snapshots), None)
    return ModelStatus(is_listed=False) if found is None else ModelStatus(listed[found])


def _is_snapshot(name: str, model: str) -> bool:
    return re.fullmatch(rf"{re.escape(model)}-(\d{{8}}|\d{{4}}-\d\d-\d\d)", name) is not None


def _check_limit(row: str, role: Role, model: Model) -> None:
    most = choice_of(role, model).max_tokens
    if role.output_tokens < LEAST_OUTPUT_TOKENS:
        raise InvalidTable(f"{row}: output_tokens is at least {LEAST_OUTPUT_TOKENS}")
    if most > model.most_output_tokens:
        raise InvalidTable(
            f"{row}: {model.name} gives at most {model.most_output_tokens} tokens, answer and reasoning may need {most}"
        )
