"""The outcome of judging items, as one word for tests."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from oslira_analysis.domain.items.judge_items import ScrapeUnusable, judge_items
from oslira_analysis.domain.items.read_item import ProfileUnavailable

Make = Callable[..., dict[str, Any]]
NAME = "crumb.and.co"
NAN = float("nan")
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
LOGIN_WALL = dict.fromkeys(("followersCount", "followsCount", "postsCount", "private", "biography")) | {
    "latestPosts": []
}
ZEROS = LOGIN_WALL | dict.fromkeys(("followersCount", "followsCount", "postsCount"), 0) | {"private": False}
# Real items and odd ones, which aren't part of the project.
SHARED = Path(os.environ.get("OSLIRA_SAMPLE_PROFILES", "../shared/data/apify"))


def outcome_of(items: list[Any], *, requested: str = NAME, known_id: str | None = None) -> str:
    """What is made of these items, in a word."""
    try:
        judge_items(items, requested=requested, known_id=known_id)
    except ProfileUnavailable as unavailable:
        return f"final: {unavailable.reason}"
    except ScrapeUnusable as unusable:
        return unusable.reason
    return "accepted"
