"""The deep analysis's core call: the fit, and the needs that it is based on."""

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from oslira_analysis.domain.evidence.claims import Claim
from oslira_analysis.domain.results.assessment import FitAnswer

MAX_NEEDS: Final = 4


class Needs(BaseModel):
    """The profile's apparent needs that the business's offer covers."""

    model_config = ConfigDict(frozen=True)

    needs: Annotated[
        list[Claim],
        Field(
            description="Up to 4 needs that the profile shows and the offer answers; empty when it shows none.",
            json_schema_extra={"maxItems": MAX_NEEDS},
        ),
    ]


class CoreAnswer(FitAnswer, Needs):
    """Pydantic orders the fields of the last base first: needs, then reasons, then the score that follows from them."""
