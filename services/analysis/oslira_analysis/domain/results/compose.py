"""Compose the result of an analysis from the answers of all calls."""

from collections.abc import Mapping
from typing import Any, TypeVar

from oslira_shared.contracts.analysis.v1 import AnalysisType
from pydantic import BaseModel

from oslira_analysis.domain.business import BusinessContext
from oslira_analysis.domain.facts.profile_facts import ProfileFacts
from oslira_analysis.domain.profile import Profile
from oslira_analysis.domain.results.assessment import FitAnswer, assess
from oslira_analysis.domain.results.claim_filter import ClaimFilter
from oslira_analysis.domain.results.commercial import CommercialAnswer, compose_commercial
from oslira_analysis.domain.results.core import MAX_NEEDS, CoreAnswer
from oslira_analysis.domain.results.deep import DeepResult
from oslira_analysis.domain.results.key_facts import select_key_facts
from oslira_analysis.domain.results.language import LanguageOf, undecided
from oslira_analysis.domain.results.light import LightAnswer, LightResult, compose_light
from oslira_analysis.domain.results.outreach import OutreachAnswer, compose_outreach
from oslira_analysis.domain.results.personality import PersonalityAnswer, compose_personality
from oslira_analysis.domain.results.psychographic import PsychographicAnswer, compose_psychographic
from oslira_analysis.domain.results.xray import XrayResult

Answers = Mapping[str, BaseModel]  # by the name of the call
Versions = Mapping[str, str]
AnswerT = TypeVar("AnswerT", bound=BaseModel)


def compose_result(
    kind: AnalysisType,
    answers: Answers,
    profile: Profile,
    facts: ProfileFacts,
    *,
    business: BusinessContext,
    prompt_versions: Versions,
    language_of: LanguageOf = undecided,
) -> LightResult | DeepResult | XrayResult:
    """The result of any type, from one answer for each of its calls. Raises InvalidAnswer."""
    if kind is AnalysisType.DEEP:
        return compose_deep(answers, facts, ClaimFilter(profile, business, language_of), prompt_versions)
    if kind is AnalysisType.XRAY:
        return compose_xray(answers, facts, ClaimFilter(profile, business, language_of), prompt_versions)
    score = _answer(answers, "score", LightAnswer)
    return compose_light(score, profile, facts, business=business, prompt_version=prompt_versions["score"])


def compose_deep(
    answers: Answers, facts: ProfileFacts, claim_filter: ClaimFilter, prompt_versions: Versions
) -> DeepResult:
    """Answers of core, outreach and personality. Raises InvalidAnswer."""
    core = _answer(answers, "core", CoreAnswer)
    common = _common(core, facts, claim_filter, prompt_versions)
    return DeepResult(
        **common,
        needs=claim_filter.claims(core.needs, most=MAX_NEEDS),
        outreach=compose_outreach(_answer(answers, "outreach", OutreachAnswer), claim_filter),
        personality=compose_personality(_answer(answers, "personality", PersonalityAnswer), claim_filter),
        dropped_claims=claim_filter.dropped_claims,
    )


def compose_xray(
    answers: Answers, facts: ProfileFacts, claim_filter: ClaimFilter, prompt_versions: Versions
) -> XrayResult:
    """Answers of psychographic, commercial, outreach and personality. Raises InvalidAnswer."""
    commercial = _answer(answers, "commercial", CommercialAnswer)
    common = _common(commercial, facts, claim_filter, prompt_versions)
    return XrayResult(
        **common,
        psychographic=compose_psychographic(
            _answer(answers, "psychographic", PsychographicAnswer), claim_filter
        ),
        commercial=compose_commercial(commercial, claim_filter),
        outreach=compose_outreach(_answer(answers, "outreach", OutreachAnswer), claim_filter),
        personality=compose_personality(_answer(answers, "personality", PersonalityAnswer), claim_filter),
        dropped_claims=claim_filter.dropped_claims,
    )


def _common(
    answer: FitAnswer, facts: ProfileFacts, claim_filter: ClaimFilter, versions: Versions
) -> dict[str, Any]:
    assessment = assess(answer, facts, claim_filter)
    return {
        **dict(assessment),
        "facts": select_key_facts(facts),
        "profile_facts": facts,
        "prompt_versions": dict(versions),
    }


def _answer(answers: Answers, call: str, model: type[AnswerT]) -> AnswerT:
    """Raises KeyError for a missing answer and TypeError for one of another call: errors of the caller."""
    answer = answers[call]
    if not isinstance(answer, model):
        raise TypeError(f"{call} answers by {model.__name__}, not {type(answer).__name__}")
    return answer
