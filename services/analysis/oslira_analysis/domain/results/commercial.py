"""The x-ray's commercial call: the fit, and the sales potential."""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from oslira_analysis.domain.evidence.claims import Claim
from oslira_analysis.domain.results.assessment import Confidence, FitAnswer, confidence_of
from oslira_analysis.domain.results.claim_filter import ClaimFilter
from oslira_analysis.domain.results.core import MAX_NEEDS, Needs

_MAX_CLAIMS: Final = 4

BusinessModel = Literal[
    "local_service", "online_service", "shop", "brand", "creator", "agency", "hospitality", "organisation",
    "employee", "private_person", "unclear",
]  # fmt: skip
Stage = Literal["starting", "growing", "settled", "declining", "unclear"]
Budget = Literal["low", "medium", "high", "unclear"]
Decides = Literal["alone", "with_others", "no", "unclear"]


class CommercialSigns(Needs):
    """Before the score, after the needs."""

    buying_signals: Annotated[
        list[Claim],
        Field(
            description="Up to 4 signs that they spend, invest, hire, launch or look for something now.",
            json_schema_extra={"maxItems": _MAX_CLAIMS},
        ),
    ]
    objections: Annotated[
        list[Claim],
        Field(
            description="Up to 4 reasons they may have to say no.",
            json_schema_extra={"maxItems": _MAX_CLAIMS},
        ),
    ]
    business_model: Annotated[BusinessModel, Field(description="How they make their money.")]
    stage: Annotated[Stage, Field(description="Where the business stands.")]
    budget: Annotated[
        Budget, Field(description="What they could spend on the offer, beside its likely price.")
    ]
    decides: Annotated[Decides, Field(description="Whether the person behind the profile decides to buy.")]


class CommercialAnswer(FitAnswer, CommercialSigns):
    """Pydantic orders the fields of the last base first: the signs, then reasons, then the score that follows from them."""


class Commercial(BaseModel):
    """A reading: every claim has checked evidence; `confidence` is computed from how much of it held."""

    model_config = ConfigDict(frozen=True)

    needs: tuple[Claim, ...]
    buying_signals: tuple[Claim, ...]
    objections: tuple[Claim, ...]
    business_model: BusinessModel
    stage: Stage
    budget: Budget
    decides: Decides
    confidence: Confidence


def compose_commercial(answer: CommercialAnswer, claim_filter: ClaimFilter) -> Commercial:
    given = [answer.needs[:MAX_NEEDS], answer.buying_signals[:_MAX_CLAIMS], answer.objections[:_MAX_CLAIMS]]
    kept = [claim_filter.claims(claims, most=_MAX_CLAIMS) for claims in given]
    needs, buying_signals, objections = kept
    return Commercial(
        needs=needs,
        buying_signals=buying_signals,
        objections=objections,
        business_model=answer.business_model,
        stage=answer.stage,
        budget=answer.budget,
        decides=answer.decides,
        confidence=confidence_of(kept=sum(map(len, kept)), given=sum(map(len, given))),
    )
