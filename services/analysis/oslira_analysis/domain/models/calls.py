"""Which model calls an analysis makes: the role, prompt and answer of each, in one table."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from oslira_shared.contracts.analysis.v1 import AnalysisType
from pydantic import BaseModel

from oslira_analysis.domain.models.model_catalogue import ANTHROPIC, OPENAI, Provider
from oslira_analysis.domain.models.model_table import ModelTable, RoleName
from oslira_analysis.domain.results.business_draft import DraftAnswer
from oslira_analysis.domain.results.commercial import CommercialAnswer
from oslira_analysis.domain.results.core import CoreAnswer
from oslira_analysis.domain.results.light import LightAnswer
from oslira_analysis.domain.results.outreach import OutreachAnswer
from oslira_analysis.domain.results.personality import PersonalityAnswer
from oslira_analysis.domain.results.psychographic import PsychographicAnswer

# The longest prompt: instructions, the longest business and the longest profile, by our high estimate.
INPUT_TOKENS: Final = 36_000
# The most paid requests for one call at one provider: the answer and its repair.
MOST_PAID_REQUESTS: Final = 2
_USUAL_PART: Final = 4


@dataclass(frozen=True, slots=True)
class Call:
    """One model call. `role` names its row in the table of models, `task` its prompt, `answer` its schema.

    The fallback gets the same prompt and schema from the other provider.
    """

    name: str
    role: RoleName
    task: str
    answer: type[BaseModel]


class Price(Protocol):
    """Billionths of a dollar for one request. `input_tokens` includes the cached and the written ones."""

    def __call__(
        self,
        provider: str,
        model: str,
        /,
        *,
        input_tokens: int,
        cached_tokens: int,
        output_tokens: int,
        cache_write_tokens: int = 0,
    ) -> int: ...


SCORE: Final = Call("score", "light", "light", LightAnswer)
_CORE: Final = Call("core", "core", "core", CoreAnswer)
_OUTREACH: Final = Call("outreach", "outreach", "outreach", OutreachAnswer)
_PERSONALITY: Final = Call("personality", "personality", "personality", PersonalityAnswer)
_COMMERCIAL: Final = Call("commercial", "commercial", "commercial", CommercialAnswer)
_PSYCHOGRAPHIC: Final = Call("psychographic", "psychographic", "psychographic", PsychographicAnswer)

# The call of a run that drafts a business profile; it is not part of an analysis.
DRAFT: Final = Call("draft", "business_draft", "business_profile", DraftAnswer)

CALLS: Final[dict[AnalysisType, tuple[Call, ...]]] = {
    AnalysisType.LIGHT: (SCORE,),
    AnalysisType.DEEP: (_CORE, _OUTREACH, _PERSONALITY),
    AnalysisType.XRAY: (_PSYCHOGRAPHIC, _COMMERCIAL, _OUTREACH, _PERSONALITY),
}

# All calls, without duplicates.
ANSWERS: Final = tuple({call.answer: None for calls in CALLS.values() for call in calls})


def calls_of(kind: AnalysisType) -> tuple[Call, ...]:
    """All run concurrently; the slowest is first, so that it starts first."""
    return CALLS[kind]


def worst_case_nano_usd(calls: Iterable[Call], table: ModelTable, price: Price) -> int:
    """The maximum cost of the calls in one attempt of a run: each has an unusable answer and a repair, at both providers, uncached.

    Of a model and its successors the most expensive one counts, so the amount holds on any day.
    """
    return sum(
        MOST_PAID_REQUESTS * max(_dearest(call, provider, table, price))
        for call in calls
        for provider in (OPENAI, ANTHROPIC)
    )


def usual_case_nano_usd(calls: Iterable[Call], table: ModelTable, price: Price) -> int:
    """The usual cost of the calls, a high estimate: each answered once by its first provider, at a quarter of the longest
    prompt and answer.
    """  # noqa: D205
    return sum(max(_dearest(call, OPENAI, table, price)) for call in calls) // _USUAL_PART


def _dearest(call: Call, provider: Provider, table: ModelTable, price: Price) -> Iterator[int]:
    for choice in table.every_choice(call.role, provider):
        parameters = table.models[choice.model].parameters
        tokens = INPUT_TOKENS * parameters.token_percent // 100
        is_written = provider == ANTHROPIC or parameters.has_cache_breakpoints
        yield price(
            provider,
            choice.model,
            input_tokens=tokens,
            cached_tokens=0,
            output_tokens=choice.max_tokens,
            cache_write_tokens=tokens if is_written else 0,
        )
