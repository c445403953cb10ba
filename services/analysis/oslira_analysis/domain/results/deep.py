"""The deep analysis: the fit with its needs, messages ready to send, and how to talk to the person."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from oslira_analysis.domain.evidence.claims import Claim
from oslira_analysis.domain.facts.profile_facts import ProfileFacts
from oslira_analysis.domain.results.assessment import Confidence
from oslira_analysis.domain.results.key_facts import KeyFacts
from oslira_analysis.domain.results.outreach import Outreach
from oslira_analysis.domain.results.parts import Part
from oslira_analysis.domain.results.personality import Personality


class DeepResult(BaseModel):
    """A light result's fields, and more. `prompt_versions` is by call; `dropped_claims` counts over all of them."""

    model_config = ConfigDict(frozen=True)

    type: Literal["deep"] = "deep"
    score: int
    parts: dict[str, Part]
    summary: str
    reasons: tuple[Claim, ...]
    red_flags: tuple[Claim, ...]
    confidence: Confidence
    renamed_to: str | None = None
    needs: tuple[Claim, ...]
    outreach: Outreach
    personality: Personality
    dropped_claims: int
    facts: KeyFacts
    profile_facts: ProfileFacts
    prompt_versions: dict[str, str]
