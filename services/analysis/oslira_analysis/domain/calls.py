"""Which model calls an analysis makes: model, fallback, effort, token limits and prompt, in one table."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from oslira_shared.contracts.analysis.v1 import AnalysisType
from pydantic import BaseModel

from oslira_analysis.domain.business_draft import DraftAnswer
from oslira_analysis.domain.commercial import CommercialAnswer
from oslira_analysis.domain.core import CoreAnswer
from oslira_analysis.domain.light import LightAnswer
from oslira_analysis.domain.outreach import OutreachAnswer
from oslira_analysis.domain.personality import PersonalityAnswer
from oslira_analysis.domain.psychographic import PsychographicAnswer

Effort = Literal["minimal", "low", "medium", "high"]

PROVIDER: Final = "openai"
FALLBACK_PROVIDER: Final = "anthropic"
# What a prompt has at most: instructions, the longest business and the longest profile, by our high estimate.
INPUT_TOKENS: Final = 36_000
# A call is paid for at most so often at one provider: the answer and its repair.
MOST_PAID_REQUESTS: Final = 2


@dataclass(frozen=True, slots=True)
class Call:
    """One model call. `output_tokens` bounds the answer, reasoning included. `task` names its prompt, `answer` its schema.

    `effort` is None for models that don't reason, `temperature` for those that take none. The fallback gets the same prompt
    and schema from the other provider.
    """

    name: str
    model: str
    fallback_model: str
    effort: Effort | None
    output_tokens: int
    temperature: float | None
    task: str
    answer: type[BaseModel]


class Price(Protocol):
    """Billionths of a dollar for one request."""

    def __call__(
        self, provider: str, model: str, /, *, input_tokens: int, cached_tokens: int, output_tokens: int
    ) -> int: ...


_HAIKU: Final = "claude-haiku-5-5"
_SONNET: Final = "claude-sonnet-5-5"

SCORE: Final = Call("score", "gpt-4o-mini", _HAIKU, None, 1_500, 0.2, "light", LightAnswer)
_CORE: Final = Call("core", "gpt-5-mini", _HAIKU, "low", 4_000, None, "core", CoreAnswer)
_OUTREACH: Final = Call("outreach", "gpt-5-mini", _HAIKU, "low", 4_000, None, "outreach", OutreachAnswer)
_PERSONALITY: Final = Call(
    "personality", "gpt-5-mini", _HAIKU, "low", 4_000, None, "personality", PersonalityAnswer
)
_COMMERCIAL: Final = Call(
    "commercial", "gpt-5-mini", _HAIKU, "low", 4_000, None, "commercial", CommercialAnswer
)
_PSYCHOGRAPHIC: Final = Call(
    "psychographic", "gpt-5", _SONNET, "low", 6_000, None, "psychographic", PsychographicAnswer
)

# Of a run that drafts a business profile; it is none of the analyses.
DRAFT: Final = Call("draft", "gpt-5-mini", _HAIKU, "low", 4_000, None, "business_profile", DraftAnswer)

CALLS: Final[dict[AnalysisType, tuple[Call, ...]]] = {
    AnalysisType.LIGHT: (SCORE,),
    AnalysisType.DEEP: (_CORE, _OUTREACH, _PERSONALITY),
    AnalysisType.XRAY: (_PSYCHOGRAPHIC, _COMMERCIAL, _OUTREACH, _PERSONALITY),
}

# What models are asked for, each once.
ANSWERS: Final = tuple({call.answer: None for calls in CALLS.values() for call in calls})


def calls_of(kind: AnalysisType) -> tuple[Call, ...]:
    """All made at once; the slowest first, so that it is also asked first."""
    return CALLS[kind]


def worst_case_nano_usd(calls: Iterable[Call], price: Price) -> int:
    """What the calls can cost at most in one attempt of a run: each answered badly and repaired, by both providers, uncached."""
    return sum(
        MOST_PAID_REQUESTS
        * price(provider, model, input_tokens=INPUT_TOKENS, cached_tokens=0, output_tokens=call.output_tokens)
        for call in calls
        for provider, model in ((PROVIDER, call.model), (FALLBACK_PROVIDER, call.fallback_model))
    )
