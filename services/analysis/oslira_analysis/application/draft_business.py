"""Draft a business profile from what its owner typed: one model call, recorded and stored like any other."""

from typing import Any, Final, Protocol

import structlog

from oslira_analysis.application.model_ports import AnswerUnusable, Models
from oslira_analysis.application.ports import Endings
from oslira_analysis.application.rows import Draft, Effects, Ending, RunWork
from oslira_analysis.domain.models.calls import DRAFT
from oslira_analysis.domain.results.answer_schema import InvalidAnswer, check_answer
from oslira_analysis.domain.results.business_draft import (
    DRAFT_TYPE,
    DraftAnswer,
    OnboardingAnswers,
    build_draft_prompt,
    compose_draft,
)
from oslira_analysis.prompts import load_instructions

_LOG = structlog.get_logger()
_UNUSABLE: Final = Ending(
    "answer_invalid", "The draft could not be written, also when asked again. You were not charged."
)


class Drafts(Protocol):
    """The inputs of drafts."""

    async def answers(self, work: RunWork) -> dict[str, Any]:
        """What the owner typed."""
        ...


async def draft_business(work: RunWork, drafts: Drafts, models: Models, endings: Endings) -> Effects:
    """End the run, with or without a draft. Raises ModelBusy."""
    answers = OnboardingAnswers.from_dict(await drafts.answers(work))
    prompt = build_draft_prompt(load_instructions(DRAFT.task), answers)
    try:
        answer = check_answer(DraftAnswer, await models.answer(work.run, DRAFT, prompt))
    except (AnswerUnusable, InvalidAnswer) as error:
        _LOG.warning("answer_unusable", run_id=str(work.run.run_id), reason=str(error))
        return await endings.fail(work, _UNUSABLE)
    profile = compose_draft(answer, answers)
    result = {"type": DRAFT_TYPE, "business_profile": profile, "prompt_version": prompt.version}
    return await endings.complete_draft(work, Draft(result, prompt.version))
