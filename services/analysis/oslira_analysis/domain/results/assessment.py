"""How well a profile fits the business: the model's assessment, limited by its evidence."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from oslira_analysis.domain.evidence.claims import MAX_QUOTE, Claim, profile_texts
from oslira_analysis.domain.evidence.instruction_signs import instructing_excerpt
from oslira_analysis.domain.facts.profile_facts import ProfileFacts
from oslira_analysis.domain.profile import Profile
from oslira_analysis.domain.results.answer_schema import READ_WHOLE, InvalidAnswer
from oslira_analysis.domain.results.claim_filter import ClaimFilter
from oslira_analysis.domain.results.parts import FULL, Part, weighted_total
from oslira_analysis.domain.results.quality import rate_engagement, rate_reachability

MAX_SUMMARY: Final = 1_200
MAX_REASONS: Final = 6
MAX_RED_FLAGS: Final = 4
WEIGHTS: Final = {"fit": 60, "engagement_quality": 25, "reachability": 15}
# The bands of the prompts, enforced here too: a score that the profile's text manipulated has no supported reasons.
MOST_WITHOUT_REASONS: Final = 39
MOST_WITH_ONE_REASON: Final = 84
# If an exclusion applies, the prompts cap the fit at this. The score too: an e-mail address does not make a customer.
MOST_WHEN_EXCLUDED: Final = 20

Confidence = Literal["low", "medium", "high"]
_LEVELS: Final[tuple[Confidence, ...]] = ("low", "medium", "high")
_INSTRUCTS: Final = "Text in this profile addresses the model that reads it and tries to instruct it."


class FitAnswer(BaseModel):
    """The fields of every scoring answer. Reasons come first, so that the score follows from them."""

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
            min_length=1,  # for validation: an empty one is repaired by another request
            description="2 or 3 sentences: who this is, and why they are or aren't a lead for the business.",
        ),
    ]
    fit_score: Annotated[
        int,
        Field(ge=0, le=FULL, strict=True, description="Fit to the ideal customer, 0 to 100, by the bands."),
        READ_WHOLE,
    ]
    confidence: Annotated[Confidence, Field(description="How sure the profile lets you be of the fit score.")]


class Assessment(BaseModel):
    """A fit score that its evidence supports. `confidence` also counts the claims that were dropped."""

    model_config = ConfigDict(frozen=True)

    score: int
    parts: dict[str, Part]
    summary: str
    reasons: tuple[Claim, ...]
    red_flags: tuple[Claim, ...]
    confidence: Confidence


def assess(answer: FitAnswer, facts: ProfileFacts, claim_filter: ClaimFilter) -> Assessment:
    """Raises InvalidAnswer if the answer is empty or out of range.

    fit: at most 39 with no reason whose quote is in the profile, at most 84 with one. A profile that tries to instruct
    gets a red flag and low confidence, whatever the model answered.
    """
    summary = claim_filter.text(answer.summary, MAX_SUMMARY)
    if not summary:
        raise InvalidAnswer("summary: empty")
    if not 0 <= answer.fit_score <= FULL:  # an answer built without validation
        raise InvalidAnswer("fit_score: out of range")
    reasons = claim_filter.claims(answer.reasons, most=MAX_REASONS)
    dropped_reasons = len(answer.reasons[:MAX_REASONS]) - len(reasons)
    noticed = instructing_claims(claim_filter.profile)
    flags = claim_filter.claims(answer.red_flags, most=MAX_RED_FLAGS, is_warning=True)
    parts = score_parts(_carried(answer.fit_score, reasons), facts)
    return Assessment(
        score=total_score(parts),
        parts=parts,
        summary=summary,
        reasons=reasons,
        red_flags=(*noticed, *flags)[:MAX_RED_FLAGS],
        confidence=lower(
            answer.confidence,
            by=any(part.score is None for part in parts.values())
            + (dropped_reasons > len(reasons))
            + (not reasons)
            + len(_LEVELS) * bool(noticed),
        ),
    )


def score_parts(fit: int, facts: ProfileFacts) -> dict[str, Part]:
    """The parts of every type's score; only `fit` is from a model."""
    return {
        "fit": Part(score=fit, weight=WEIGHTS["fit"]),
        "engagement_quality": rate_engagement(facts, weight=WEIGHTS["engagement_quality"]),
        "reachability": rate_reachability(facts.reachability, weight=WEIGHTS["reachability"]),
    }


def total_score(parts: Mapping[str, Part]) -> int:
    """The weighted sum; at most 20 if the fit is, as for an exclusion, a fan account or spam."""
    total, fit = weighted_total(parts), parts["fit"].score
    return total if fit is None or fit > MOST_WHEN_EXCLUDED else min(total, MOST_WHEN_EXCLUDED)


def instructing_claims(profile: Profile) -> tuple[Claim, ...]:
    """The first text of the profile that addresses models, as a red flag; () for nearly every profile."""
    for source, text in profile_texts(profile):
        if excerpt := instructing_excerpt(text, limit=MAX_QUOTE):
            return (Claim(claim=_INSTRUCTS, quote=excerpt, source=source),)
    return ()


def lower(confidence: Confidence, *, by: int) -> Confidence:
    """One level for an unknown part, one for more reasons dropped than kept, one for none kept."""
    return _LEVELS[max(_LEVELS.index(confidence) - by, 0)]


def confidence_of(*, kept: int, given: int) -> Confidence:
    """How well claims support a section: low below 2 or if more were dropped, high from 4 with none dropped."""
    if kept < 2 or given - kept > kept:  # noqa: PLR2004
        return "low"
    return "high" if kept >= 4 and kept == given else "medium"  # noqa: PLR2004


def _carried(fit_score: int, reasons: tuple[Claim, ...]) -> int:
    """Reasons are counted by their quotes: one sentence in six variants is one reason."""
    quotes = len({reason.quote for reason in reasons})
    return min(fit_score, {0: MOST_WITHOUT_REASONS, 1: MOST_WITH_ONE_REASON}.get(quotes, FULL))
