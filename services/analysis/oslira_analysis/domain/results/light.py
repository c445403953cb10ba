"""The light analysis: the answer of its one model call, and the result."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from oslira_analysis.domain.business import BusinessContext
from oslira_analysis.domain.evidence.claims import Claim
from oslira_analysis.domain.facts.profile_facts import ProfileFacts
from oslira_analysis.domain.profile import Profile
from oslira_analysis.domain.results.assessment import Confidence, FitAnswer, assess
from oslira_analysis.domain.results.claim_filter import ClaimFilter
from oslira_analysis.domain.results.key_facts import KeyFacts, select_key_facts
from oslira_analysis.domain.results.parts import Part


class LightAnswer(FitAnswer):
    """The score call's answer: only the fit."""


class LightResult(BaseModel):
    """What the user gets. `score` is the weighted sum of the parts, at most 20 if the fit is; only `fit` is from a model.

    Every claim's quote was found in the profile; `dropped_claims` counts those whose quote was not found. `renamed_to`: the
    profile has this name now instead of the requested one.
    """

    model_config = ConfigDict(frozen=True)

    type: Literal["light"] = "light"
    score: int
    parts: dict[str, Part]
    summary: str
    reasons: tuple[Claim, ...]
    red_flags: tuple[Claim, ...]
    confidence: Confidence
    renamed_to: str | None = None
    dropped_claims: int
    facts: KeyFacts
    prompt_version: str


def compose_light(
    answer: FitAnswer,
    profile: Profile,
    facts: ProfileFacts,
    *,
    business: BusinessContext,
    prompt_version: str,
) -> LightResult:
    """The result. Raises InvalidAnswer if the answer is empty or out of range."""
    claim_filter = ClaimFilter(profile, business)
    assessment = assess(answer, facts, claim_filter)
    return LightResult(
        **dict(assessment),
        dropped_claims=claim_filter.dropped_claims,
        facts=select_key_facts(facts),
        prompt_version=prompt_version,
    )
