"""Synthetic items in the scraper's output format, and what is read from them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from oslira_analysis.domain.business import BusinessContext
from oslira_analysis.domain.facts.profile_facts import ProfileFacts, compute_facts
from oslira_analysis.domain.profile import Profile
from oslira_analysis.domain.read_item import read_item

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
