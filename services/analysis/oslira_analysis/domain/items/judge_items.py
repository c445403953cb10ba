"""Whether what a scrape brought back is the profile that was asked for, whole: the one place that believes an item.

An item that is accepted may be scored, cached and charged. One that is not is no verdict on the profile: the scrape is
tried again, with another session of the scraper. Items from a cache or an older attempt are judged in the same way.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NoReturn

from oslira_analysis.domain import scraped_fields as fields
from oslira_analysis.domain.items.error_items import is_error_item, says_blocked, verdict_of
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

# Written into an accepted item that names another profile than was asked for, so that it is known again when read back.
_ASKED_FOR: Final = "osliraAskedFor"
_OWN_MARKS: Final = (_ASKED_FOR, POSTS_LEFT_OUT)
_MOST_ITEMS: Final = 20
# By how much they say: of several items that are no use, the first of these reasons counts.
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
    """An accepted item as it is kept, reduced to what is read, and the profile in it.

    `names` are all names and ids by which the profile may have been erased; `others` those of other profiles that published
    some of its posts. `profile_id` is Instagram's own.
    """

    item: dict[str, Any]
    profile: Profile
    names: frozenset[str]
    others: frozenset[str]
    profile_id: str | None


def judge_items(items: Sequence[object], *, asked_for: str, known_id: str | None = None) -> Judged:
    """The item of `asked_for` among what a scrape returned. Raises ProfileUnavailable (final) or ScrapeUnusable.

    `known_id`: the id that the profile of this name had before. With the same id, or by its own list of former names, an
    item under another name is the same profile, renamed.
    """
    found = [item for item in map(fields.as_item, items[:_MOST_ITEMS]) if item]
    fresh = [{key: value for key, value in item.items() if key not in _OWN_MARKS} for item in found]
    return _first_usable(fresh, asked_for, known_id)


def judge_kept(item: object, *, asked_for: str) -> Judged | None:
    """An item that was accepted before and kept; None, a miss, for whatever can't be used as if it were fresh."""
    kept = fields.as_item(item)
    if kept is None:
        return None
    try:
        return _first_usable([dict(kept)], asked_for, None)
    except (ProfileUnavailable, ScrapeUnusable):
        return None


def _first_usable(items: list[dict[str, Any]], asked_for: str, known_id: str | None) -> Judged:
    faults: list[UnusableReason] = []
    verdict: ProfileUnavailable | None = None
    for item in sorted(items, key=lambda one: handle(one, "username") != asked_for):
        try:
            return _judge(item, asked_for, known_id)
        except ProfileUnavailable as unavailable:
            verdict = verdict or unavailable
        except ScrapeUnusable as unusable:
            faults.append(unusable.reason)
    # Beside a sign of a block no verdict counts, whichever item it stands in.
    if verdict is not None and "blocked" not in faults:
        raise verdict
    raise ScrapeUnusable(min(faults, key=UNUSABLE.index) if faults else "no_item")


def _judge(item: dict[str, Any], asked_for: str, known_id: str | None) -> Judged:
    named = handle(item, "username")
    if is_error_item(item):
        _refuse_error_item(item, is_of_another=named not in {None, asked_for})
    if named is None:
        raise ScrapeUnusable("blocked" if says_blocked(item) else "unreadable")
    if named != asked_for:
        if not _is_renamed(item, asked_for, known_id):
            raise ScrapeUnusable("another_profile")
        item = {**item, _ASKED_FOR: asked_for}
    kept = reduced(item, keeping=_OWN_MARKS)
    _refuse_incomplete(kept, is_blocked=says_blocked(item))
    names, others = names_of(item)
    return Judged(kept, read_item(kept), names | {asked_for}, others, profile_id(item))


def _refuse_error_item(item: Item, *, is_of_another: bool) -> NoReturn:
    if says_blocked(item):
        raise ScrapeUnusable("blocked")
    if is_of_another:
        raise ScrapeUnusable("another_profile")
    if (reason := verdict_of(item)) is None:
        raise ScrapeUnusable("unreadable")
    raise ProfileUnavailable(reason)


def _is_renamed(item: Item, asked_for: str, known_id: str | None) -> bool:
    """An address that the item was asked by proves nothing: it stands in another profile's item too."""
    if item.get(_ASKED_FOR) == asked_for:
        return True
    return asked_for in former_names(item) or (known_id is not None and profile_id(item) == known_id)


def _refuse_incomplete(kept: Item, *, is_blocked: bool) -> None:
    """A private profile shows no posts. Without one figure it is a login page, and posts must be there unless their number is 0.

    A page without an id whose figures are all 0 and which says nothing else is a login page too.
    """
    if fields.flag(kept, "private") or fields.list_of(kept, "latestPosts", limit=1):
        return
    figures = [fields.count(kept, key) for key in ("followersCount", "followsCount", "postsCount")]
    says_nothing = profile_id(kept) is None and fields.text(kept, "biography", limit=1) is None
    if all(figure is None for figure in figures) or (says_nothing and not any(figures)):
        raise ScrapeUnusable("blocked" if is_blocked else "incomplete")
    if figures[-1] != 0 and not kept.get(POSTS_LEFT_OUT):
        raise ScrapeUnusable("posts_missing")
