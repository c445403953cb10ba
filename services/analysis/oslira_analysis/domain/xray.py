"""The x-ray: everything a deep analysis has, with what moves the person and whether there is business to be done."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from oslira_analysis.domain.assessment import Confidence
from oslira_analysis.domain.commercial import Commercial
from oslira_analysis.domain.evidence import Claim
from oslira_analysis.domain.facts.profile_facts import ProfileFacts
from oslira_analysis.domain.key_facts import KeyFacts
from oslira_analysis.domain.outreach import Outreach
from oslira_analysis.domain.parts import Part
from oslira_analysis.domain.personality import Personality
from oslira_analysis.domain.psychographic import Psychographic


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
