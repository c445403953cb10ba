"""The x-ray: everything a deep analysis has, with what motivates the person and the sales potential."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from oslira_analysis.domain.evidence.claims import Claim
from oslira_analysis.domain.facts.profile_facts import ProfileFacts
from oslira_analysis.domain.results.assessment import Confidence
from oslira_analysis.domain.results.commercial import Commercial
from oslira_analysis.domain.results.key_facts import KeyFacts
from oslira_analysis.domain.results.outreach import Outreach
from oslira_analysis.domain.results.parts import Part
from oslira_analysis.domain.results.personality import Personality
from oslira_analysis.domain.results.psychographic import Psychographic


class XrayResult(BaseModel):
    """A light result's fields, and more; the fit is the commercial call's."""

    model_config = ConfigDict(frozen=True)

    type: Literal["xray"] = "xray"
    score: int
    parts: dict[str, Part]
    summary: str
    reasons: tuple[Claim, ...]
    red_flags: tuple[Claim, ...]
    confidence: Confidence
    renamed_to: str | None = None
    psychographic: Psychographic
    commercial: Commercial
    outreach: Outreach
    personality: Personality
    dropped_claims: int
    facts: KeyFacts
    profile_facts: ProfileFacts
    prompt_versions: dict[str, str]
