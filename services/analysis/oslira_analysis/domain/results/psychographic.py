"""What motivates a person, derived from what they publish: motives, values, interests, pains, and how they decide."""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from oslira_analysis.domain.evidence.claims import Claim
from oslira_analysis.domain.results.assessment import Confidence, confidence_of
from oslira_analysis.domain.results.claim_filter import ClaimFilter

_MAX_CLAIMS: Final = 4
_MAX_PHRASES: Final = 4
_MAX_SUMMARY: Final = 600
_BOUNDS: Final[dict[str, JsonValue]] = {"maxItems": _MAX_CLAIMS}

DecisionStyle = Literal["evidence", "relationship", "status", "price", "mission", "convenience", "unclear"]


class PsychographicAnswer(BaseModel):
    """Claims first; the decision style and the summary follow from them."""

    model_config = ConfigDict(frozen=True)

    motivations: Annotated[
        list[Claim],
        Field(
            description="1 to 4 things they work towards, the strongest first.",
            json_schema_extra={"minItems": 1, **_BOUNDS},
        ),
    ]
    values: Annotated[
        list[Claim], Field(description="Up to 4 things they stand for.", json_schema_extra=_BOUNDS)
    ]
    interests: Annotated[
        list[Claim], Field(description="Up to 4 subjects they return to.", json_schema_extra=_BOUNDS)
    ]
    pains: Annotated[
        list[Claim],
        Field(
            description="Up to 4 difficulties they name or show; empty when there are none.",
            json_schema_extra=_BOUNDS,
        ),
    ]
    decision_style: Annotated[
        DecisionStyle, Field(description="What would most likely convince them; unclear without signs.")
    ]
    messages_that_land: Annotated[
        list[str],
        Field(
            description="2 to 4 themes that a message to them should carry.",
            json_schema_extra={"maxItems": _MAX_PHRASES},
        ),
    ]
    summary: Annotated[
        str, Field(min_length=1, description="2 or 3 sentences: what drives them, and what that means here.")
    ]


class Psychographic(BaseModel):
    """A reading: every claim has checked evidence; `confidence` is computed from how much of it held."""

    model_config = ConfigDict(frozen=True)

    summary: str
    motivations: tuple[Claim, ...]
    values: tuple[Claim, ...]
    interests: tuple[Claim, ...]
    pains: tuple[Claim, ...]
    decision_style: DecisionStyle
    messages_that_land: tuple[str, ...]
    confidence: Confidence


def compose_psychographic(answer: PsychographicAnswer, claim_filter: ClaimFilter) -> Psychographic:
    given = [answer.motivations, answer.values, answer.interests, answer.pains]
    kept = [claim_filter.claims(claims, most=_MAX_CLAIMS) for claims in given]
    motivations, values, interests, pains = kept
    return Psychographic(
        summary=claim_filter.text(answer.summary, _MAX_SUMMARY),
        motivations=motivations,
        values=values,
        interests=interests,
        pains=pains,
        decision_style=answer.decision_style,
        messages_that_land=claim_filter.phrases(answer.messages_that_land, most=_MAX_PHRASES),
        confidence=confidence_of(
            kept=sum(map(len, kept)), given=sum(len(claims[:_MAX_CLAIMS]) for claims in given)
        ),
    )
