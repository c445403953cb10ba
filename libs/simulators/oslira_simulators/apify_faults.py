"""Faults of Apify: rejected starts, failed runs, items of another profile."""

from collections.abc import Callable
from typing import Any, Final

from oslira_simulators.faults import Fault
from oslira_simulators.profiles import error_item
from oslira_simulators.synthetic import synthetic_item
from oslira_simulators.wire import Reply, json_reply

_REFUSALS: Final = {
    "memory_limit": (
        402,
        "actor-memory-limit-exceeded",
        "By launching this job you will exceed the memory limit of 8192MB for all your Actor runs and builds.",
    ),
    "usage_hard_limit": (403, "platform-feature-disabled", "Monthly usage hard limit exceeded"),
    "build_missing": (
        400,
        "unknown-build-tag",
        'Build with tag "latest" was not found. Has the Actor been built already?',
    ),
}
ENDS_AS: Final = {"run_failed": "FAILED", "run_timed_out": "TIMED-OUT", "aborted_by_platform": "ABORTED"}
_BLOCKED: Final = "Error: Request blocked, retrying it again with different session"


def start_refusal(fault: Fault | None) -> Reply | None:
    """The answer to a start that this fault refuses."""
    if fault is None or fault.kind not in _REFUSALS:
        return None
    status, kind, message = _REFUSALS[fault.kind]
    return json_reply({"error": {"type": kind, "message": message}}, status)


def faulty_items(fault: Fault | None, username: str) -> list[dict[str, Any]] | None:
    """What the run's dataset holds under this fault; None where the fault leaves the items alone."""
    if fault is None:
        return None
    if fault.kind == "error_item":
        return [error_item(username, fault.error_item or "not_found")]
    return _ITEMS[fault.kind](username) if fault.kind in _ITEMS else None


def _url(username: str) -> str:
    return f"https://www.instagram.com/{username}"


def _blocked(username: str) -> dict[str, Any]:
    about = {"username": username, "url": _url(username), "requestErrorMessages": [_BLOCKED] * 3}
    return about | error_item(username, "no_items")


def _login_wall(username: str) -> dict[str, Any]:
    figures = dict.fromkeys(("followersCount", "followsCount", "postsCount", "private"))
    about = {"inputUrl": _url(username), "username": username, "url": _url(username), "fullName": username}
    return about | {"biography": "", **figures, "latestPosts": []}


_ITEMS: Final[dict[str, Callable[[str], list[dict[str, Any]]]]] = {
    "blocked_items": lambda username: [_blocked(username)],
    "other_item": lambda username: [synthetic_item(f"not.{username}") | {"inputUrl": _url(username)}],
    "login_wall": lambda username: [_login_wall(username)],
    "posts_missing": lambda username: [synthetic_item(username) | {"postsCount": 240, "latestPosts": []}],
    "empty_dataset": lambda _: [],
}
