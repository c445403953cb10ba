"""Synthetic items in the scraper's output format, and what is read from them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from oslira_analysis.domain.business import BusinessContext
from oslira_analysis.domain.facts.profile_facts import ProfileFacts, compute_facts
from oslira_analysis.domain.items.read_item import read_item
from oslira_analysis.domain.profile import Profile
from oslira_analysis.domain.results.commercial import CommercialAnswer
from oslira_analysis.domain.results.core import CoreAnswer
from oslira_analysis.domain.results.light import LightAnswer
from oslira_analysis.domain.results.outreach import OutreachAnswer
from oslira_analysis.domain.results.personality import PersonalityAnswer
from oslira_analysis.domain.results.psychographic import PsychographicAnswer
from pydantic import BaseModel

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def a_post(index: int = 0, **changes: Any) -> dict[str, Any]:
    post = {
        "type": "Image",
        "shortCode": f"C{index:04d}",
        "caption": f"Sourdough day {index}, fresh from the oven #bread #bakery",
        "hashtags": ["bread", "bakery"],
        "mentions": ["millfriends"],
        "likesCount": 95,
        "commentsCount": 5,
        "timestamp": (NOW - timedelta(days=2 + 3 * index)).isoformat().replace("+00:00", "Z"),
    }
    return {**post, **changes}


def an_item(**changes: Any) -> dict[str, Any]:
    item = {
        "username": "crumb.and.co",
        "fullName": "Crumb & Co",
        "biography": "Family bakery in Porto\nWholesale for cafés: hello@crumb.example",
        "externalUrl": "https://crumb.example/",
        "followersCount": 5_000,
        "followsCount": 300,
        "postsCount": 240,
        "highlightReelCount": 3,
        "isBusinessAccount": True,
        "businessCategoryName": "Bakery",
        "private": False,
        "verified": False,
        "joinedRecently": False,
        "profilePicUrl": "https://cdn.example/small.jpg",
        "latestPosts": [a_post(index, likesCount=75 + 40 * (index % 2)) for index in range(6)],
    }
    return {**item, **changes}


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def make_post() -> Callable[..., dict[str, Any]]:
    return a_post


@pytest.fixture
def make_item() -> Callable[..., dict[str, Any]]:
    return an_item


@pytest.fixture
def make_profile() -> Callable[..., Profile]:
    def make(**changes: Any) -> Profile:
        return read_item(an_item(**changes))

    return make


@pytest.fixture
def make_facts() -> Callable[..., ProfileFacts]:
    def make(**changes: Any) -> ProfileFacts:
        return compute_facts(read_item(an_item(**changes)), now=NOW)

    return make


@pytest.fixture
def make_business() -> Callable[..., BusinessContext]:
    def make(**ideal_customer: Any) -> BusinessContext:
        return BusinessContext.from_dict(
            {"name": "Ovenworks", "offer": "Bakery ovens", "ideal_customer": ideal_customer}
        )

    return make


@pytest.fixture
def answers() -> dict[str, BaseModel]:
    """One sound answer for each call of every type, about the profile of `an_item`."""
    bakery = {"claim": "Runs a bakery.", "quote": "Family bakery in Porto", "source": "biography"}
    cafes = {"claim": "Sells to cafés.", "quote": "Wholesale for cafés", "source": "biography"}
    oven = {"claim": "Bakes every week.", "quote": "fresh from the oven", "source": "post:1"}
    fit = {
        "reasons": [bakery, cafes],
        "red_flags": [],
        "summary": "A family bakery. It may need another oven.",
        "fit_score": 80,
        "confidence": "high",
    }
    return {
        "score": LightAnswer.model_validate(fit),
        "core": CoreAnswer.model_validate({**fit, "needs": [oven]}),
        "commercial": CommercialAnswer.model_validate(
            {
                **fit,
                "needs": [oven],
                "buying_signals": [cafes],
                "objections": [],
                "business_model": "shop",
                "stage": "settled",
                "budget": "medium",
                "decides": "alone",
            }
        ),
        "outreach": OutreachAnswer.model_validate(
            {
                "language": "en",
                "openings": [{**oven, "claim": "Your sourdough, fresh from the oven, made us stop."}],
                "dm_pitch": "Ovenworks builds bakery ovens. They bake evenly.",
                "email_subject": "Ovens for small bakeries",
                "email_pitch": "Ovenworks builds bakery ovens. They bake evenly, day after day.",
                "ask": "May we send you two pages about them?",
                "talking_points": [cafes],
            }
        ),
        "personality": PersonalityAnswer.model_validate(
            {
                "traits": [{**oven, "trait": "conscientiousness", "level": "high"}],
                "communication": [bakery, cafes, oven],
                "style": "amiable",
                "formality": "casual",
                "approach": ["Begin with the bread."],
                "avoid": ["Long messages."],
                "summary": "Warm and plain. Write as a neighbour would.",
            }
        ),
        "psychographic": PsychographicAnswer.model_validate(
            {
                "motivations": [oven],
                "values": [bakery],
                "interests": [cafes],
                "pains": [],
                "decision_style": "relationship",
                "messages_that_land": ["Bread that is the same every day."],
                "summary": "Craft drives them.",
            }
        ),
    }
