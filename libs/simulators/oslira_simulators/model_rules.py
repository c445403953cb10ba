"""Which models the simulated suppliers have, until when, and which requests each of them rejects.

Not derived from the service's own table: a mistake there must show here. Sources: both suppliers' model, deprecation and migration
pages, and errors quoted in public issue threads, November 2026.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final

_GPT_5_EFFORTS: Final = ("minimal", "low", "medium", "high")
_ALL_EFFORTS: Final = ("low", "medium", "high", "xhigh", "max")
_SNAPSHOT: Final = re.compile(r"-(\d{4}-\d\d-\d\d|\d{8})$")


class Refusal(ValueError):  # noqa: N818
    """A request that the real API rejects, with its error text."""

    def __init__(
        self, message: str, *, status: int = 400, param: str | None = None, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.param, self.code = status, param, code


@dataclass(frozen=True, slots=True)
class SupplierModel:
    """`efforts` is empty for models that don't reason. `no_thinking` is Anthropic's word for none.

    `shutdown_date` is the first day without the model; `writes_cost`: writing to the prompt cache is booked.
    """

    name: str
    most_output_tokens: int
    efforts: tuple[str, ...] = ()
    shutdown_date: date | None = None
    no_thinking: str = "disabled"
    writes_cost: bool = False


OPENAI_MODELS: Final = (
    SupplierModel("gpt-4o", 16_384),
    SupplierModel("gpt-4o-mini", 16_384, shutdown_date=date(2027, 1, 14)),
    SupplierModel("gpt-5", 128_000, _GPT_5_EFFORTS, date(2026, 12, 11)),
    SupplierModel("gpt-5-mini", 128_000, _GPT_5_EFFORTS, date(2026, 12, 11)),
    SupplierModel("gpt-5-nano", 128_000, _GPT_5_EFFORTS, date(2026, 12, 11)),
    SupplierModel("gpt-6-luna", 128_000, ("none", *_ALL_EFFORTS), writes_cost=True),
    SupplierModel("gpt-6-sol", 128_000, ("none", *_ALL_EFFORTS), writes_cost=True),
    SupplierModel("gpt-6.1-terra", 128_000, ("none", *_ALL_EFFORTS), writes_cost=True),
    SupplierModel("gpt-6.1-sol", 128_000, _ALL_EFFORTS, writes_cost=True),
)
ANTHROPIC_MODELS: Final = (
    SupplierModel("claude-haiku-4-5", 64_000),
    SupplierModel("claude-haiku-5-5", 128_000, _ALL_EFFORTS),
    SupplierModel("claude-sonnet-5", 128_000, _ALL_EFFORTS),
    SupplierModel("claude-sonnet-5-5", 128_000, _ALL_EFFORTS, no_thinking="between_tools"),
)


def default_today() -> date:
    """The real day, in UTC."""
    return datetime.now(UTC).date()


@dataclass(slots=True)
class ModelInventory:
    """The models of both suppliers on a day that a test may set, without those that it calls `missing`."""

    today: date | None = None
    missing: set[str] = field(default_factory=set[str])
    shutdown_dates: dict[str, date] = field(default_factory=dict[str, date])

    def find(self, models: tuple[SupplierModel, ...], name: str) -> SupplierModel | None:
        """The model, also by the name of a dated snapshot of it; None if it doesn't exist today."""
        found = next((m for m in models if m.name in {name, _SNAPSHOT.sub("", name)}), None)
        return found if found is not None and self._exists(found) else None

    def listed(self, models: tuple[SupplierModel, ...]) -> Iterator[tuple[SupplierModel, date | None]]:
        """The models of today, with the date on which each shuts down."""
        for model in models:
            if self._exists(model):
                yield model, self._ends(model)

    def configure(self, asked: Mapping[str, Any]) -> None:
        """Any of `today`, `missing` and `shutdown_dates`. Raises ValueError."""
        if unknown := set(asked) - {"today", "missing", "shutdown_dates"}:
            raise ValueError(f"unknown settings of models {sorted(unknown)}")
        if "today" in asked:
            self.today = date.fromisoformat(asked["today"]) if asked["today"] else None
        self.missing = set(asked.get("missing", self.missing))
        dates: Mapping[str, str] = asked.get("shutdown_dates", {})
        self.shutdown_dates |= {name: date.fromisoformat(day) for name, day in dates.items()}

    def as_json(self) -> dict[str, Any]:
        return {
            "today": str(self.today) if self.today else None,
            "missing": sorted(self.missing),
            "shutdown_dates": {name: str(day) for name, day in self.shutdown_dates.items()},
        }

    def _ends(self, model: SupplierModel) -> date | None:
        return self.shutdown_dates.get(model.name, model.shutdown_date)

    def _exists(self, model: SupplierModel) -> bool:
        ends = self._ends(model)
        return model.name not in self.missing and (ends is None or (self.today or default_today()) < ends)


def check_openai(body: Mapping[str, Any], model: SupplierModel, *, effort: str | None) -> None:
    """Raises Refusal for parameters that the model doesn't take. Chat's names; responses have no `max_tokens`."""
    if effort is not None and not model.efforts:
        raise Refusal("Unrecognized request argument supplied: reasoning_effort", param="reasoning_effort")
    if effort is not None and effort not in model.efforts:
        supported = ", ".join(f"'{name}'" for name in model.efforts)
        raise Refusal(
            f"Unsupported value: 'reasoning_effort' does not support '{effort}' with this model. "
            f"Supported values are: {supported}.",
            param="reasoning_effort",
            code="unsupported_value",
        )
    if model.efforts and body.get("max_tokens") is not None:
        raise Refusal(
            "Unsupported parameter: 'max_tokens' is not supported with this model. "
            "Use 'max_completion_tokens' instead.",
            param="max_tokens",
            code="unsupported_parameter",
        )
    if model.efforts and effort != "none" and body.get("temperature", 1) != 1:
        raise Refusal(
            f"Unsupported value: 'temperature' does not support {body['temperature']} with this model. "
            "Only the default (1) value is supported.",
            param="temperature",
            code="unsupported_value",
        )
    if "prompt_cache_options" in body and not model.writes_cost:
        raise Refusal(
            "Unsupported parameter: 'prompt_cache_options' is not supported with this model.",
            param="prompt_cache_options",
            code="unsupported_parameter",
        )
    if len(body.get("prompt_cache_key") or "") > 64:
        raise Refusal(
            "Invalid 'prompt_cache_key': string too long. Expected a string with maximum length 64.",
            param="prompt_cache_key",
            code="string_above_max_length",
        )
    _check_openai_limit(body, model)


def _check_openai_limit(body: Mapping[str, Any], model: SupplierModel) -> None:
    for name in ("max_completion_tokens", "max_tokens", "max_output_tokens"):
        limit = body.get(name)
        if limit is not None and limit < 1:
            raise Refusal(
                f"Invalid '{name}': integer below minimum value. Expected a value >= 1, but got {limit} instead.",
                param=name,
                code="integer_below_min_value",
            )
        if limit is not None and limit > model.most_output_tokens:
            raise Refusal(
                f"max_tokens is too large: {limit}. This model supports at most {model.most_output_tokens} completion "
                f"tokens, whereas you provided {limit}.",
                param=name,
                code="invalid_value",
            )


def check_anthropic(body: Mapping[str, Any], model: SupplierModel) -> bool:
    """Whether the model thinks. Raises Refusal for parameters that it doesn't take."""
    thinking: Mapping[str, Any] = body.get("thinking") or {}
    effort = (body.get("output_config") or {}).get("effort")
    if int(body["max_tokens"]) > model.most_output_tokens:
        raise Refusal(
            f"max_tokens: {body['max_tokens']} > {model.most_output_tokens}, which is the maximum allowed number of "
            f"output tokens for {model.name}"
        )
    kind = thinking.get("type")
    if not model.efforts:
        return _check_budget(body, thinking, effort)
    if effort is not None and effort not in model.efforts:
        raise Refusal(f"output_config.effort: Input should be one of {', '.join(model.efforts)}")
    if body.get("temperature", 1) != 1:
        raise Refusal("`temperature` is deprecated for this model.")
    if kind == "enabled":
        raise Refusal(
            '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and '
            '"output_config.effort" to control thinking behavior.'
        )
    if kind not in {None, "adaptive", model.no_thinking}:
        raise Refusal(f'"thinking.type.{kind}" is not supported for this model. Use "{model.no_thinking}".')
    if kind == model.no_thinking and effort in {"xhigh", "max"}:
        raise Refusal(f'"thinking.type.{kind}" is not supported with effort {effort}.')
    return kind != model.no_thinking


def _check_budget(body: Mapping[str, Any], thinking: Mapping[str, Any], effort: str | None) -> bool:
    if effort is not None:
        raise Refusal("This model does not support the effort parameter.")
    if thinking.get("type") == "adaptive":
        raise Refusal("adaptive thinking is not supported on this model")
    if thinking.get("type") != "enabled":
        return False
    budget = int(thinking.get("budget_tokens", 0))
    if budget < 1_024:
        raise Refusal("thinking.enabled.budget_tokens: Input should be greater than or equal to 1024")
    if budget >= int(body["max_tokens"]):
        raise Refusal("`max_tokens` must be greater than `thinking.budget_tokens`.")
    return True
