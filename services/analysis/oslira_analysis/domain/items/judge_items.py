"""Check whether a scrape returned the complete profile that was requested. This is the only place that accepts an item.

An item that is accepted may be scored, cached and charged. A rejected item proves nothing about the profile: the scrape is
retried with another session of the scraper. Items from a cache or an older attempt are checked in the same way.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NoReturn

from oslira_analysis.domain import scraped_fields as fields
from oslira_analysis.domain.items.error_items import is_error_item, reports_block, verdict_of
from oslira_analysis.domain.items.item_identity import (
    POSTS_LEFT_OUT,
    former_names,
    handle,
    names_of,
    profile_id,
)
from oslira_analysis.domain.items.read_item import ProfileUnavailable, read_item, reduced
from oslira_analysis.domain.profile import Profile
from oslira_analysis.domain.scraped_fields import Item

UnusableReason = Literal["no_item", "unreadable", "blocked", "incomplete", "posts_missing", "another_profile"]

# Set on an accepted item that has another name than was requested, so that it is accepted when it is read again.
_REQUESTED_NAME: Final = "osliraAskedFor"
_OWN_MARKS: Final = (_REQUESTED_NAME, POSTS_LEFT_OUT)
_MOST_ITEMS: Final = 20
# Most specific first: if several items are unusable, the first of these reasons is reported.
UNUSABLE: Final[tuple[UnusableReason, ...]] = (
    "posts_missing", "incomplete", "blocked", "unreadable", "another_profile", "no_item",
)  # fmt: skip


class ScrapeUnusable(Exception):  # noqa: N818
    """The scrape says nothing about the profile; another one may. `reason` is stable."""

    def __init__(self, reason: UnusableReason) -> None:
        super().__init__(reason)
        self.reason: UnusableReason = reason


@dataclass(frozen=True, slots=True)
class Judged:
    """An accepted item as it is stored, reduced to the fields that are read, and its profile.

    `names` are all names and ids by which the profile may have been erased; `others` those of other profiles that published
    some of its posts. `profile_id` is Instagram's own.
    """

    item: dict[str, Any]
    profile: Profile
    names: frozenset[str]
    others: frozenset[str]
    profile_id: str | None


def judge_items(items: Sequence[object], *, requested: str, known_id: str | None = None) -> Judged:
    """The item of `requested` among what a scrape returned. Raises ProfileUnavailable (final) or ScrapeUnusable.

    `known_id`: the id that the profile of this name had before. With the same id, or by its own list of former names, an
    item under another name is the same profile, renamed.
    """
    found = [item for item in map(fields.as_item, items[:_MOST_ITEMS]) if item]
    fresh = [{key: value for key, value in item.items() if key not in _OWN_MARKS} for item in found]
    return _first_usable(fresh, requested, known_id)


def judge_stored(item: object, *, requested: str) -> Judged | None:
    """An item that was accepted before and stored; None (a miss) if it is no longer usable."""
    kept = fields.as_item(item)
    if kept is None:
        return None
    try:
        return _first_usable([dict(kept)], requested, None)
    except (ProfileUnavailable, ScrapeUnusable):
        return None


def _first_usable(items: list[dict[str, Any]], requested: str, known_id: str | None) -> Judged:
    faults: list[UnusableReason] = []
    verdict: ProfileUnavailable | None = None
    for item in sorted(items, key=lambda one: handle(one, "username") != requested):
        try:
            return _judge(item, requested, known_id)
        except ProfileUnavailable as unavailable:
            verdict = verdict or unavailable
        except ScrapeUnusable as unusable:
            faults.append(unusable.reason)
    # If any item shows a block, no item is a result about the profile.
    if verdict is not None and "blocked" not in faults:
        raise verdict
    raise ScrapeUnusable(min(faults, key=UNUSABLE.index) if faults else "no_item")


def _judge(item: dict[str, Any], requested: str, known_id: str | None) -> Judged:
    named = handle(item, "username")
    if is_error_item(item):
        _reject_error_item(item, is_of_another=named not in {None, requested})
    if named is None:
        raise ScrapeUnusable("blocked" if reports_block(item) else "unreadable")
    if named != requested:
        if not _is_renamed(item, requested, known_id):
            raise ScrapeUnusable("another_profile")
        item = {**item, _REQUESTED_NAME: requested}
    kept = reduced(item, keeping=_OWN_MARKS)
    _reject_incomplete(kept, is_blocked=reports_block(item))
    names, others = names_of(item)
    return Judged(kept, read_item(kept), names | {requested}, others, profile_id(item))


def _reject_error_item(item: Item, *, is_of_another: bool) -> NoReturn:
    if reports_block(item):
        raise ScrapeUnusable("blocked")
    if is_of_another:
        raise ScrapeUnusable("another_profile")
    if (reason := verdict_of(item)) is None:
        raise ScrapeUnusable("unreadable")
    raise ProfileUnavailable(reason)


def _is_renamed(item: Item, requested: str, known_id: str | None) -> bool:
    """The requested URL proves nothing: another profile's item contains it too."""
    if item.get(_REQUESTED_NAME) == requested:
        return True
    return requested in former_names(item) or (known_id is not None and profile_id(item) == known_id)


def _reject_incomplete(kept: Item, *, is_blocked: bool) -> None:
    """A private profile shows no posts. Without one count it is a login page, and posts must be there unless their number is 0.

    A page without an id whose counts are all 0 and which has no text is a login page too.
    """
    if fields.flag(kept, "private") or fields.list_of(kept, "latestPosts", limit=1):
        return
    counts = [fields.count(kept, key) for key in ("followersCount", "followsCount", "postsCount")]
    has_no_text = profile_id(kept) is None and fields.text(kept, "biography", limit=1) is None
    if all(count is None for count in counts) or (has_no_text and not any(counts)):
        raise ScrapeUnusable("blocked" if is_blocked else "incomplete")
    if counts[-1] != 0 and not kept.get(POSTS_LEFT_OUT):
        raise ScrapeUnusable("posts_missing")
