"""The models that the service can use, and the parameters of each family.

Sources: both suppliers' model, deprecation and migration pages, November 2026.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

Provider = Literal["openai", "anthropic"]
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
Thinking = Literal["adaptive", "disabled", "between_tools"]

OPENAI: Final[Provider] = "openai"
ANTHROPIC: Final[Provider] = "anthropic"
# In ascending order. `none` means an answer without reasoning.
EFFORTS: Final[tuple[Effort, ...]] = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
# Both suppliers count reasoning into the limit on output, so each effort adds this to the answer's own limit.
REASONING_TOKENS: Final[dict[Effort, int]] = {
    "none": 0,
    "minimal": 1_000,
    "low": 4_000,
    "medium": 8_000,
    "high": 16_000,
    "xhigh": 32_000,
    "max": 64_000,
}


@dataclass(frozen=True, slots=True)
class Family:
    """The parameters of a family of models.

    `efforts` is empty for models that don't reason. `no_thinking` turns thinking off, for suppliers that require it.
    `token_percent`: the tokens of a text relative to the tokenizer that our limits are measured with, in percent.
    `has_cache_breakpoints`: writing to the prompt cache costs extra, and a breakpoint marks what is written.
    """

    provider: Provider
    efforts: tuple[Effort, ...] = ()
    takes_temperature: bool = False
    no_thinking: Thinking | None = None
    token_percent: int = 100
    has_cache_breakpoints: bool = False

    def effort(self, wanted: Effort) -> Effort:
        """The nearest supported effort: the lowest at or above `wanted`, else the highest. `none` if the family has none."""
        for effort in EFFORTS[EFFORTS.index(wanted) :]:
            if effort in self.efforts:
                return effort
        return self.efforts[-1] if self.efforts else "none"


FAMILIES: Final[dict[str, Family]] = {
    "gpt-4": Family(OPENAI, takes_temperature=True),
    "gpt-5": Family(OPENAI, ("minimal", "low", "medium", "high")),
    # These accept a temperature only without reasoning; none is sent.
    "gpt-6": Family(OPENAI, ("none", "low", "medium", "high", "xhigh", "max"), has_cache_breakpoints=True),
    "gpt-6-reasoning": Family(OPENAI, ("low", "medium", "high", "xhigh", "max"), has_cache_breakpoints=True),
    "claude-4": Family(ANTHROPIC, no_thinking="disabled"),
    "claude-5": Family(
        ANTHROPIC, ("low", "medium", "high", "xhigh", "max"), no_thinking="disabled", token_percent=130
    ),
    "claude-5-sonnet": Family(
        ANTHROPIC, ("low", "medium", "high", "xhigh", "max"), no_thinking="between_tools", token_percent=130
    ),
}


@dataclass(frozen=True, slots=True)
class Model:
    """A model by its name at its supplier. From `shuts_down_on` (UTC) on it is not used; `successor` is, if there is one."""

    name: str
    family: str
    most_output_tokens: int
    shuts_down_on: date | None = None
    successor: str | None = None

    @property
    def parameters(self) -> Family:
        return FAMILIES[self.family]


_GPT_5_ENDS: Final = date(2026, 12, 11)
_GPT_4O_MINI_ENDS: Final = date(2027, 1, 14)

CATALOGUE: Final[dict[str, Model]] = {
    model.name: model
    for model in (
        Model("gpt-4o-mini", "gpt-4", 16_384, _GPT_4O_MINI_ENDS, "gpt-6-luna"),
        Model("gpt-4o-mini-2024-07-18", "gpt-4", 16_384, _GPT_4O_MINI_ENDS, "gpt-6-luna"),
        Model("gpt-5-nano", "gpt-5", 128_000, _GPT_5_ENDS, "gpt-6-luna"),
        Model("gpt-5-nano-2025-08-07", "gpt-5", 128_000, _GPT_5_ENDS, "gpt-6-luna"),
        Model("gpt-5-mini", "gpt-5", 128_000, _GPT_5_ENDS, "gpt-6.1-terra"),
        Model("gpt-5-mini-2025-08-07", "gpt-5", 128_000, _GPT_5_ENDS, "gpt-6.1-terra"),
        Model("gpt-5", "gpt-5", 128_000, _GPT_5_ENDS, "gpt-6.1-sol"),
        Model("gpt-5-2025-08-07", "gpt-5", 128_000, _GPT_5_ENDS, "gpt-6.1-sol"),
        Model("gpt-6-luna", "gpt-6", 128_000),
        Model("gpt-6-sol", "gpt-6", 128_000),
        Model("gpt-6.1-terra", "gpt-6", 128_000),
        Model("gpt-6.1-sol", "gpt-6-reasoning", 128_000),
        Model("claude-haiku-4-5", "claude-4", 64_000),
        Model("claude-haiku-5-5", "claude-5", 128_000),
        Model("claude-sonnet-5", "claude-5", 128_000),
        Model("claude-sonnet-5-5", "claude-5-sonnet", 128_000),
    )
}
