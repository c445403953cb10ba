"""The light analysis: what its one model call answers, and the result made of it."""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from oslira_analysis.domain.answer_schema import InvalidAnswer
from oslira_analysis.domain.evidence import Claim, keep_supported
from oslira_analysis.domain.facts.figure import Figure
from oslira_analysis.domain.facts.profile_facts import ProfileFacts
from oslira_analysis.domain.parts import FULL, Part, share_weights, weighted_total
from oslira_analysis.domain.profile import Profile
from oslira_analysis.domain.quality import rate_engagement, rate_reachability
from oslira_analysis.domain.text import clean_text

MAX_SUMMARY: Final = 1_200
MAX_REASONS: Final = 6
MAX_RED_FLAGS: Final = 4
WEIGHTS: Final = {"fit": 60, "engagement_quality": 25, "reachability": 15}

Confidence = Literal["low", "medium", "high"]
_LEVELS: Final[tuple[Confidence, ...]] = ("low", "medium", "high")


class LightAnswer(BaseModel):
    """What the model is asked for. Reasons come first, so that the score follows from them and not they from it."""

    model_config = ConfigDict(frozen=True)

    reasons: Annotated[
        list[Claim],
        Field(
            description="2 to 6 reasons for the fit score, for or against, the strongest first.",
            json_schema_extra={"minItems": 1, "maxItems": MAX_REASONS},
        ),
    ]
    red_flags: Annotated[
        list[Claim],
        Field(
            description="Up to 4 things that speak against contacting this profile; empty when there are none.",
            json_schema_extra={"maxItems": MAX_RED_FLAGS},
        ),
    ]
    summary: Annotated[
        str,
        Field(
            description="2 or 3 sentences: who this is, and why they are or aren't a lead for the business."
        ),
    ]
    fit_score: Annotated[
        int,
        Field(ge=0, le=FULL, strict=True, description="Fit to the ideal customer, 0 to 100, by the bands."),
    ]
    confidence: Annotated[Confidence, Field(description="How sure the profile lets you be of the fit score.")]


class LightFacts(BaseModel):
    """The figures that a light result shows; the deeper types show all of ProfileFacts."""

    model_config = ConfigDict(frozen=True)

    followers: int | None
    tier: str | None
    engagement_rate: Figure
    engagement_versus_typical: Figure
    consistency: Figure
    comment_to_like: Figure
    hidden_like_share: Figure
    posts_per_week: Figure
    days_since_last_post: Figure
    fake_follower_risk: Figure
    channels: tuple[str, ...]
    gaps: tuple[str, ...]


class LightResult(BaseModel):
    """What the user gets. `score` is the weighted sum of the parts; only `fit` is a model's judgement.

    Every claim's quote was found in the profile; `dropped_claims` counts those whose quote wasn't.
    """

    model_config = ConfigDict(frozen=True)

    type: Literal["light"] = "light"
    score: int
    parts: dict[str, Part]
    summary: str
    reasons: tuple[Claim, ...]
    red_flags: tuple[Claim, ...]
    confidence: Confidence
    dropped_claims: int
    facts: LightFacts
    prompt_version: str


def compose_light(
    answer: LightAnswer, profile: Profile, facts: ProfileFacts, *, prompt_version: str
) -> LightResult:
    """The result; raises InvalidAnswer where the answer says nothing or is out of range."""
    summary = clean_text(answer.summary, MAX_SUMMARY)
    if not summary:
        raise InvalidAnswer("summary: empty")
    if not 0 <= answer.fit_score <= FULL:  # an answer built without validation
        raise InvalidAnswer("fit_score: out of range")
    reasons, dropped_reasons = keep_supported(answer.reasons[:MAX_REASONS], profile)
    red_flags, dropped_flags = keep_supported(answer.red_flags[:MAX_RED_FLAGS], profile)
    parts = {
        "fit": Part(score=answer.fit_score, weight=WEIGHTS["fit"]),
        "engagement_quality": rate_engagement(facts, weight=WEIGHTS["engagement_quality"]),
        "reachability": rate_reachability(facts.reachability, weight=WEIGHTS["reachability"]),
    }
    shared = share_weights(parts)
    return LightResult(
        score=weighted_total(shared),
        parts=shared,
        summary=summary,
        reasons=reasons,
        red_flags=red_flags,
        confidence=_lower(
            answer.confidence,
            by=any(part.score is None for part in parts.values())
            + (dropped_reasons > len(reasons))
            + (not reasons),
        ),
        dropped_claims=dropped_reasons + dropped_flags,
        facts=_summarise(facts),
        prompt_version=prompt_version,
    )


def _lower(confidence: Confidence, *, by: int) -> Confidence:
    """One level for an unknown part, one for more reasons dropped than kept, one for none kept."""
    return _LEVELS[max(_LEVELS.index(confidence) - by, 0)]


def _summarise(facts: ProfileFacts) -> LightFacts:
    return LightFacts(
        followers=facts.followers,
        tier=facts.engagement.tier,
        engagement_rate=facts.engagement.rate,
        engagement_versus_typical=facts.engagement.versus_typical,
        consistency=facts.engagement.consistency,
        comment_to_like=facts.engagement.comment_to_like,
        hidden_like_share=facts.engagement.hidden_like_share,
        posts_per_week=facts.cadence.posts_per_week,
        days_since_last_post=facts.cadence.days_since_last_post,
        fake_follower_risk=facts.fake_followers.risk,
        channels=facts.reachability.channels,
        gaps=tuple(gap.code for gap in facts.gaps),
    )
