from collections.abc import Callable
from typing import Any

import pytest
from oslira_analysis.domain.business import BusinessContext
from oslira_analysis.domain.profile import Profile
from oslira_analysis.domain.results.claim_filter import ClaimFilter
from oslira_analysis.domain.results.outreach import Email, Outreach, OutreachAnswer, compose_outreach
from pydantic import BaseModel

Write = Callable[..., Outreach]
OVEN = {"claim": "Your bread, fresh from the oven.", "quote": "fresh from the oven", "source": "post:1"}


@pytest.fixture
def write(
    make_profile: Callable[..., Profile],
    make_business: Callable[..., BusinessContext],
    answers: dict[str, BaseModel],
) -> Write:
    def run(**changes: Any) -> Outreach:
        answer = OutreachAnswer.model_validate({**answers["outreach"].model_dump(), **changes})
        business = make_business(
            description="cafés that open their second shop this very autumn, near a park"
        )
        return compose_outreach(answer, ClaimFilter(make_profile(), business))

    return run


def test_messages_are_ready_to_send(write: Write) -> None:
    outreach = write()
    assert outreach.dm == (
        "Your sourdough, fresh from the oven, made us stop. Ovenworks builds bakery ovens. They bake evenly. "
        "May we send you two pages about them?"
    )
    assert outreach.email == Email(
        subject="Ovens for small bakeries",
        body="Your sourdough, fresh from the oven, made us stop.\n\n"
        "Ovenworks builds bakery ovens. They bake evenly, day after day.\n\n"
        "May we send you two pages about them?\n\nOvenworks",
    )
    assert outreach.opening
    assert outreach.opening.quote == "fresh from the oven"
    assert outreach.removed_sentences == 0


def test_an_opening_without_evidence_gives_way_to_the_next_or_to_none(write: Write) -> None:
    invented = {**OVEN, "quote": "our ten shops in Lisbon"}
    assert (write(openings=[invented, OVEN]).dm or "").startswith("Your bread, fresh")
    none = write(openings=[invented])
    assert none.opening is None
    assert (none.dm or "").startswith("Ovenworks builds")
    assert none.email
    assert none.email.body.startswith("Ovenworks builds")


@pytest.mark.parametrize(
    "invented",
    [
        "See https://ovens.example/x now.",
        "See ovens-cheap.com now.",
        "Write to sales@ovens.example today.",
        "Write to hello@crumb.example today.",  # theirs, but only their texts say so
        "Follow @ovenworks_pt today.",
        "Join #ovenlove today.",
        "It costs €99 a month.",
        "It saves 30 % of your power.",
        "We have 1,200 customers.",
        "Hello [Name], how are you?",
        "Hello {first_name}, how are you?",
        "You are one of the cafés that open their second shop this very autumn.",
    ],
)
def test_a_sentence_with_an_invented_fact_a_blank_or_a_leak_is_removed(write: Write, invented: str) -> None:
    outreach = write(dm_pitch=f"{invented} Ovenworks builds bakery ovens.", openings=[])
    assert outreach.dm == "Ovenworks builds bakery ovens. May we send you two pages about them?"
    assert outreach.removed_sentences == 1
    assert write(openings=[{**OVEN, "claim": invented}, OVEN]).opening
    assert invented not in (write(openings=[{**OVEN, "claim": invented}, OVEN]).dm or "")


@pytest.mark.parametrize(
    "stated",
    [
        "You write at https://crumb.example/ yourself.",
        "Your 5,000 followers read it.",
        "A call of 15 minutes is enough.",
        "#sourdough from @crumb.and.co and @millfriends.",
    ],
)
def test_facts_of_the_profile_are_allowed(write: Write, stated: str) -> None:
    kept = write(dm_pitch=stated.replace("#sourdough", "#bread"))
    assert kept.removed_sentences == 0


def test_nothing_left_to_say_is_no_message(write: Write) -> None:
    outreach = write(dm_pitch="Only €5.", email_pitch="Only €5.", openings=[])
    assert (outreach.dm, outreach.email, outreach.removed_sentences) == (None, None, 2)
    assert write(email_subject="Win €500").email is None


def test_messages_keep_to_their_limits(write: Write) -> None:
    long = "Ovenworks builds bakery ovens. " * 200
    outreach = write(dm_pitch=long, email_pitch=long, ask=long, openings=[{**OVEN, "claim": "bread " * 90}])
    assert outreach.dm
    assert len(outreach.dm) <= 1_000
    assert outreach.email
    assert len(outreach.email.body) <= 2_400
