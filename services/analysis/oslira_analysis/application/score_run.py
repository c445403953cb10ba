"""Score a run whose profile is available: free checks, then concurrent model calls, then one transaction with the result."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from oslira_shared.contracts.analysis.v1 import AnalysisType
from pydantic import BaseModel

from oslira_analysis.application.after_commit import AfterCommit
from oslira_analysis.application.draft_business import Drafts, draft_business
from oslira_analysis.application.erased import ERASED
from oslira_analysis.application.memory_cache import MemoryCache
from oslira_analysis.application.model_ports import AnswerUnusable, Languages, ModelBusy, Models
from oslira_analysis.application.ports import (
    Endings,
    Item,
    ProfileCache,
    Runs,
    Suppressions,
)
from oslira_analysis.application.rows import Effects, Ending, Finding, LeadCard, RunWork
from oslira_analysis.domain.business import BusinessContext, InvalidBusinessContext
from oslira_analysis.domain.facts.contacts import links_of, read_contacts
from oslira_analysis.domain.facts.profile_facts import ProfileFacts, compute_facts
from oslira_analysis.domain.items.free_checks import free_check
from oslira_analysis.domain.items.judge_items import Judged, judge_stored
from oslira_analysis.domain.items.read_item import read_item
from oslira_analysis.domain.models.calls import Call, calls_of
from oslira_analysis.domain.profile import Profile
from oslira_analysis.domain.prompts.prompt import Prompt
from oslira_analysis.domain.results.answer_schema import InvalidAnswer, check_answer
from oslira_analysis.domain.results.business_draft import DRAFT_TYPE
from oslira_analysis.domain.results.compose import compose_result
from oslira_analysis.domain.results.language import undecided
from oslira_analysis.domain.snooze import Chance, snooze_s
from oslira_analysis.prompts import build_prompt_for

_LOG = structlog.get_logger()
# The profile was fresh at admission. It may age while the run waits for a slot, and is scraped again only when it is lost.
_ANY_AGE: Final = timedelta(days=2)
_NO_BUSINESS: Final = Ending(
    "business_profile_not_found", "The business profile was deleted in the meantime."
)
_INVALID_BUSINESS: Final = Ending(
    "business_profile_invalid",
    "The business profile lacks a name or its bounds cross. Save it again. You were not charged.",
)
# Starting over means another scrape, which costs money.
MOST_REQUEUES: Final = 1
_LOST: Final = Ending(
    "scrape_failed",
    "The profile was lost after it was fetched, also when fetched again. You were not charged.",
)
_UNUSABLE: Final = Ending("answer_invalid", "The model's answer could not be used, also when asked again.")


@dataclass(frozen=True, slots=True)
class ScorePorts:
    """The ports of scoring. `now` is the clock for the ages of posts."""

    runs: Runs
    endings: Endings
    cache: ProfileCache
    suppressions: Suppressions
    memory_cache: MemoryCache
    models: Models
    drafts: Drafts
    after: AfterCommit
    languages: Languages
    now: Callable[[], datetime]
    chance: Chance


async def score_run(work: RunWork, ports: ScorePorts) -> None:
    """Returns with the run ended, requeued or postponed. When cancelled, the process that took the claim continues it."""
    try:
        if work.run.type == DRAFT_TYPE:
            effects = await draft_business(work, ports.drafts, ports.models, ports.endings)
        else:
            effects = await _score(work, ports)
    except ModelBusy as error:
        _LOG.warning("model_busy", run_id=str(work.run.run_id), reason=str(error))
        # Another run gets the slot meanwhile. Answers so far are stored.
        delay_s = snooze_s(work.run.snoozed_for_s, retry_after_s=error.retry_after_s, chance=ports.chance)
        effects = await ports.runs.snooze(work, delay_s=delay_s)
    await ports.after.publish_and_promote(effects)


async def _score(work: RunWork, ports: ScorePorts) -> Effects:
    stored, version = await asyncio.gather(_stored(work, ports), ports.runs.business(work.run))
    if stored is None:
        return await _start_over(work, ports)
    if version is None:
        return await ports.endings.fail(work, _NO_BUSINESS)
    try:
        business = BusinessContext.from_dict(version.context)
    except InvalidBusinessContext:  # stored by another version's rules
        return await ports.endings.fail(work, _INVALID_BUSINESS)
    profile = read_item(stored.item, now=ports.now())
    if (ending := await _without_models(stored, profile, business, ports)) is not None:
        return await ports.endings.fail(work, ending)
    try:
        finding = await _find(work, profile, business, version.version, ports)
    except (AnswerUnusable, InvalidAnswer) as error:
        _LOG.warning("answer_unusable", run_id=str(work.run.run_id), reason=str(error))
        return await ports.endings.fail(work, _UNUSABLE)
    return await ports.endings.complete(work, finding)


async def _without_models(
    stored: Judged, profile: Profile, business: BusinessContext, ports: ScorePorts
) -> Ending | None:
    """How the run ends before any model request, if it does."""
    if await ports.suppressions.among(stored.names):  # erased meanwhile, perhaps under another of its names
        return ERASED
    refusal = free_check(profile, business)
    return None if refusal is None else Ending(refusal.code, refusal.detail)


async def _start_over(work: RunWork, ports: ScorePorts) -> Effects:
    """The profile is lost: it is scraped again, up to the limit."""
    if work.run.requeues >= MOST_REQUEUES:
        return await ports.endings.fail(work, _LOST)
    return await ports.runs.requeue(work)


async def _stored(work: RunWork, ports: ScorePorts) -> Judged | None:
    """The profile, from wherever it is stored. An unreadable item is a miss: an older version may have written it."""
    run = work.run

    def readable(item: Item | None) -> Judged | None:
        return judge_stored(item, requested=run.username)

    if found := readable(ports.memory_cache.find(run.scrape_id)):
        return found
    if (found := readable(await ports.cache.find(run.username, max_age=_ANY_AGE))) or run.scrape_id is None:
        return found
    # It may move from the row to the cache between the two reads.
    return readable(await ports.runs.stored_item(run.scrape_id)) or readable(
        await ports.cache.find(run.username, max_age=_ANY_AGE)
    )


async def _find(
    work: RunWork, profile: Profile, business: BusinessContext, business_version: int, ports: ScorePorts
) -> Finding:
    kind = AnalysisType(work.run.type)
    facts = compute_facts(profile, now=ports.now())
    prompts = {call: build_prompt_for(call, business, profile, facts) for call in calls_of(kind)}
    answers = await _ask_all(work, prompts, ports)
    versions = {call.name: prompt.version for call, prompt in prompts.items()}
    result = compose_result(
        kind,
        answers,
        profile,
        facts,
        business=business,
        prompt_versions=versions,
        # A light result has no messages, so it does not wait for the detector to load.
        language_of=undecided if kind is AnalysisType.LIGHT else await ports.languages.ready(),
    )
    return Finding(
        card=_card(profile, facts, summary=result.summary),
        score=result.score,
        result=result.model_dump(mode="json") | {"renamed_to": _new_name(work, profile)},
        prompt_version=", ".join(versions.values()),
        business_version=business_version,
    )


def _card(profile: Profile, facts: ProfileFacts, *, summary: str) -> LeadCard:
    contacts = read_contacts(profile)
    return LeadCard(
        full_name=profile.full_name,
        followers=profile.followers,
        tier=facts.engagement.tier,
        category=profile.category,
        is_verified=profile.is_verified,
        links=links_of(profile),
        emails=contacts.emails,
        phones=contacts.phones,
        summary=summary,
    )


def _new_name(work: RunWork, profile: Profile) -> str | None:
    return None if profile.username == work.run.username else profile.username


async def _ask_all(work: RunWork, prompts: Mapping[Call, Prompt], ports: ScorePorts) -> dict[str, BaseModel]:
    """The answers by call. If one fails the others finish: they are paid for, and their answers are stored."""
    asked = (ports.models.answer(work.run, call, prompt) for call, prompt in prompts.items())
    found = await asyncio.gather(*asked, return_exceptions=True)
    _raise_first([error for error in found if isinstance(error, BaseException)])
    return {
        call.name: check_answer(call.answer, answer)
        for call, answer in zip(prompts, found, strict=True)
        if not isinstance(answer, BaseException)
    }


def _raise_first(errors: Sequence[BaseException]) -> None:
    """An error that ends the run takes precedence over one that only delays it."""
    for error in sorted(errors, key=lambda found: isinstance(found, ModelBusy)):
        raise error
