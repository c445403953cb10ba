"""The light analysis: what its one model call answers, and the result made of it."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from oslira_analysis.domain.business import BusinessContext
from oslira_analysis.domain.evidence.claims import Claim
from oslira_analysis.domain.facts.profile_facts import ProfileFacts
from oslira_analysis.domain.profile import Profile
from oslira_analysis.domain.results.assessment import Confidence, FitAnswer, assess
from oslira_analysis.domain.results.key_facts import KeyFacts, select_key_facts
from oslira_analysis.domain.results.parts import Part
from oslira_analysis.domain.results.sieve import Sieve


class LightAnswer(FitAnswer):
    """The score call's answer: no more than the fit."""


class LightResult(BaseModel):
    """What the user gets. `score` is the weighted sum of the parts, at most 20 where the fit is; only `fit` is a model's.

    Every claim's quote was found in the profile; `dropped_claims` counts those whose quote wasn't. `renamed_to`: the
    profile has this name now instead of the one that was asked for.
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
    """The result; raises InvalidAnswer where the answer says nothing or is out of range."""
    sieve = Sieve(profile, business)
    assessment = assess(answer, facts, sieve)
    return LightResult(
        **dict(assessment),
        dropped_claims=sieve.dropped_claims,
        facts=select_key_facts(facts),
        prompt_version=prompt_version,
    )
