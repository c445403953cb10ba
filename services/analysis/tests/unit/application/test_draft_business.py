"""Drafting: how a run that drafts ends."""

# ruff: noqa: ARG002  # the signatures are the ports'

from typing import Any
from uuid import UUID

import pytest
from oslira_analysis.application.draft_business import draft_business
from oslira_analysis.application.model_ports import AnswerUnusable, ModelBusy
from oslira_analysis.application.rows import Draft, Effects, Ending, Finding, Run, RunWork
from oslira_analysis.domain.models.calls import Call
from oslira_analysis.domain.prompts.prompt import Prompt

RUN = Run(UUID(int=1), UUID(int=2), None, "business_profile", "", 300, 1, None, False, None)
WORK = RunWork(claim=None, run=RUN)  # type: ignore[arg-type]  # the claim is not used here
ANSWER: dict[str, Any] = {
    "industry": "bakery",
    "offer": "Bread",
    "description": None,
    "tone": None,
    "language": None,
    "ideal_customer": {
        "description": None,
        "industry": None,
        "location": None,
        "company_size": None,
        "followers_min": 9,
        "followers_max": 5,
        "signals": ["sells"],
        "exclusions": [],
    },
}


class MemoryDrafts:
    async def answers(self, work: RunWork) -> dict[str, Any]:
        return {"name": "Crumb", "offer": "Sourdough"}


class MemoryModels:
    """Answers, or raises the given error."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.asked: list[str] = []

    async def answer(self, run: Run, call: Call, prompt: Prompt) -> dict[str, Any]:
        self.asked.append(call.name)
        if self.error is not None:
            raise self.error
        return ANSWER


class MemoryEndings:
    def __init__(self) -> None:
        self.ended: list[Draft | Ending | Finding] = []

    async def complete(self, work: RunWork, finding: Finding) -> Effects:
        self.ended.append(finding)
        return Effects()

    async def complete_draft(self, work: RunWork, draft: Draft) -> Effects:
        self.ended.append(draft)
        return Effects()

    async def fail(self, work: RunWork, ending: Ending) -> Effects:
        self.ended.append(ending)
        return Effects()


async def test_one_call_and_the_draft_is_what_can_be_saved() -> None:
    models, endings = MemoryModels(), MemoryEndings()
    await draft_business(WORK, MemoryDrafts(), models, endings)
    assert models.asked == ["draft"]
    [draft] = endings.ended
    assert isinstance(draft, Draft)
    assert draft.result["business_profile"]["name"] == "Crumb"
    assert draft.result["business_profile"]["ideal_customer"]["followers_max"] == 9
    assert draft.prompt_version == draft.result["prompt_version"] == "business_profile/v1"


async def test_an_unusable_answer_ends_the_run_uncharged() -> None:
    endings = MemoryEndings()
    await draft_business(WORK, MemoryDrafts(), MemoryModels(AnswerUnusable("openai draft: x")), endings)
    [ending] = endings.ended
    assert isinstance(ending, Ending)
    assert ending.code == "answer_invalid"


async def test_unavailable_providers_leave_the_retry_to_the_row() -> None:
    endings = MemoryEndings()
    with pytest.raises(ModelBusy):
        await draft_business(WORK, MemoryDrafts(), MemoryModels(ModelBusy("all")), endings)
    assert endings.ended == []
