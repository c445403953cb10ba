"""How a person communicates, derived from what they publish. A guide for the tone of a conversation, not a test result."""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from oslira_analysis.domain.evidence.claims import Claim
from oslira_analysis.domain.results.assessment import Confidence, confidence_of
from oslira_analysis.domain.results.claim_filter import ClaimFilter

_MAX_TRAITS: Final = 5
_MAX_CLAIMS: Final = 4
_MAX_PHRASES: Final = 4
_MAX_SUMMARY: Final = 600

Style = Literal["analytical", "driving", "expressive", "amiable", "mixed", "unclear"]
Formality = Literal["formal", "neutral", "casual", "unclear"]
TraitName = Literal["openness", "conscientiousness", "extraversion", "agreeableness", "emotional_stability"]


class Trait(Claim):
    """One of the five factors, derived from the published texts."""

    trait: TraitName
    level: Literal["low", "medium", "high"]


class PersonalityAnswer(BaseModel):
    """Claims first; the summary follows from them."""

    model_config = ConfigDict(frozen=True)

    traits: Annotated[
        list[Trait],
        Field(
            description="Up to 5 traits that the texts show, each at most once.",
            json_schema_extra={"maxItems": _MAX_TRAITS},
        ),
    ]
    communication: Annotated[
        list[Claim],
        Field(
            description="2 to 4 habits of how they write and address people.",
            json_schema_extra={"minItems": 1, "maxItems": _MAX_CLAIMS},
        ),
    ]
    style: Annotated[Style, Field(description="The social style that fits best; unclear when texts are few.")]
    formality: Annotated[Formality, Field(description="How they address their readers.")]
    approach: Annotated[
        list[str],
        Field(
            description="2 to 4 short pieces of advice on how to talk to them.",
            json_schema_extra={"maxItems": _MAX_PHRASES},
        ),
    ]
    avoid: Annotated[
        list[str],
        Field(
            description="1 to 4 things to avoid when talking to them.",
            json_schema_extra={"maxItems": _MAX_PHRASES},
        ),
    ]
    summary: Annotated[
        str, Field(min_length=1, description="2 sentences: how they come across, and what that asks for.")
    ]


class Personality(BaseModel):
    """A reading: every trait and habit has checked evidence; `confidence` is computed from how much of it held."""

    model_config = ConfigDict(frozen=True)

    summary: str
    style: Style
    formality: Formality
    traits: tuple[Trait, ...]
    communication: tuple[Claim, ...]
    approach: tuple[str, ...]
    avoid: tuple[str, ...]
    confidence: Confidence


def compose_personality(answer: PersonalityAnswer, claim_filter: ClaimFilter) -> Personality:
    traits = _first_of_each(claim_filter.claims(answer.traits, most=_MAX_TRAITS))
    communication = claim_filter.claims(answer.communication, most=_MAX_CLAIMS)
    given = len({trait.trait for trait in answer.traits}) + len(answer.communication[:_MAX_CLAIMS])
    return Personality(
        summary=claim_filter.text(answer.summary, _MAX_SUMMARY),
        style=answer.style,
        formality=answer.formality,
        traits=traits,
        communication=communication,
        approach=claim_filter.phrases(answer.approach, most=_MAX_PHRASES),
        avoid=claim_filter.phrases(answer.avoid, most=_MAX_PHRASES),
        confidence=confidence_of(kept=len(traits) + len(communication), given=given),
    )


def _first_of_each(traits: tuple[Trait, ...]) -> tuple[Trait, ...]:
    by_name: dict[str, Trait] = {}
    for trait in traits:
        by_name.setdefault(trait.trait, trait)
    return tuple(by_name.values())
