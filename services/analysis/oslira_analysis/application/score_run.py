"""Score a run whose profile is at hand: free checks, then the model, then one transaction with all that follows."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from oslira_analysis.application.ports import (
    Announcer,
    AnswerUnusable,
    Endings,
    Item,
    ModelBusy,
    Models,
    ProfileCache,
    Queue,
    Runs,
)
from oslira_analysis.application.promote_tasks import promote_tasks
from oslira_analysis.application.rows import Effects, Ending, Finding, RunWork
from oslira_analysis.domain.business import BusinessContext
from oslira_analysis.domain.calls import SCORE
from oslira_analysis.domain.facts.profile_facts import compute_facts
from oslira_analysis.domain.free_checks import free_check
from oslira_analysis.domain.light import InvalidAnswer, LightAnswer, compose_light
from oslira_analysis.domain.profile import Profile
from oslira_analysis.domain.read_item import read_item
from oslira_analysis.prompts import build_light_prompt

_LOG = structlog.get_logger()
# Admit saw the profile fresh; it may age while the run waits for a slot, and is scraped again only when it is gone.
_ANY_AGE: Final = timedelta(days=2)
_NO_BUSINESS: Final = Ending(
    "business_profile_not_found", "The business profile was deleted in the meantime."
)
_UNUSABLE: Final = Ending("answer_invalid", "The model's answer could not be used, also when asked again.")


@dataclass(frozen=True, slots=True)
class ScorePorts:
    """What scoring needs. `now` is the clock that ages of posts are told by."""

    runs: Runs
    endings: Endings
    queue: Queue
    cache: ProfileCache
    models: Models
    announcer: Announcer
    now: Callable[[], datetime]


async def score_run(work: RunWork, ports: ScorePorts) -> None:
    """Returns with the run ended, requeued or handed back. Being cancelled leaves it to whoever took it away."""
    try:
        effects = await _score(work, ports)
    except ModelBusy as error:
        _LOG.warning("model_busy", run_id=str(work.run.run_id), reason=str(error))
        await ports.runs.hand_back(work, is_counted=True)
        return
    await ports.announcer.announce(effects)
    await promote_tasks(ports.queue, ports.announcer)


async def _score(work: RunWork, ports: ScorePorts) -> Effects:
    item = await _item(work, ports)
    if item is None:
        return await ports.runs.requeue(work)
    context = await ports.runs.business_context(work.run)
    if context is None:
        return await ports.endings.fail(work, _NO_BUSINESS)
    profile, business = read_item(item), BusinessContext.from_dict(context)
    if (refusal := free_check(profile, business)) is not None:
        return await ports.endings.fail(work, Ending(refusal.code, refusal.detail))
    try:
        finding = await _light(work, profile, business, ports)
    except (AnswerUnusable, InvalidAnswer) as error:
        _LOG.warning("answer_unusable", run_id=str(work.run.run_id), reason=str(error))
        return await ports.endings.fail(work, _UNUSABLE)
    return await ports.endings.complete(work, finding)


async def _item(work: RunWork, ports: ScorePorts) -> Item | None:
    found = await ports.cache.find(work.run.username, max_age=_ANY_AGE)
    if found is None and work.run.scrape_id is not None:
        found = await ports.runs.kept_item(work.run.scrape_id)
    return found


async def _light(work: RunWork, profile: Profile, business: BusinessContext, ports: ScorePorts) -> Finding:
    facts = compute_facts(profile, now=ports.now())
    prompt = build_light_prompt(business, profile, facts)
    answer = LightAnswer.model_validate(await ports.models.answer(work.run, SCORE, prompt))
    result = compose_light(answer, profile, facts, prompt_version=prompt.version)
    return Finding(
        full_name=profile.full_name,
        followers=profile.followers,
        category=profile.category,
        score=result.score,
        result=result.model_dump(mode="json"),
        prompt_version=prompt.version,
    )
