import json
import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oslira_analysis.domain.facts.profile_facts import compute_facts
from oslira_analysis.domain.items.read_item import MalformedItem, ProfileUnavailable, read_item
from oslira_analysis.domain.profile import Profile

Make = Callable[..., dict[str, Any]]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELDS = (
    "fullName", "biography", "externalUrl", "externalUrls", "followersCount", "businessCategoryName", "private",
    "latestPosts", "about", "isBusinessAccount", "profilePicUrl",
)  # fmt: skip
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
POST_FIELDS = (
    "type", "shortCode", "caption", "hashtags", "mentions", "likesCount", "commentsCount", "timestamp", "isPinned",
    "productType", "videoViewCount", "locationName", "isCommentsDisabled",
)  # fmt: skip


def test_a_whole_item_is_read(make_item: Make) -> None:
    profile = read_item(make_item())
    assert (profile.username, profile.full_name, profile.category) == ("crumb.and.co", "Crumb & Co", "Bakery")
    assert (profile.followers, profile.follows, profile.posts_count) == (5_000, 300, 240)
    assert profile.avatar_url == "https://cdn.example/small.jpg"
    assert [post.ref for post in profile.posts] == [f"post:{n}" for n in range(1, 7)]
    assert profile.posts[0].posted_at == datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_an_old_item_without_lists_takes_tags_from_its_captions(make_item: Make) -> None:
    old = {
        "type": "Video",
        "caption": "In #theaters now, thanks @Studio.One. and a@mail.example",
        "likesCount": 3,
    }
    post = read_item(make_item(latestPosts=[old])).posts[0]
    assert (post.hashtags, post.mentions) == (("theaters",), ("studio.one",))
    assert (post.pinned, post.posted_at, post.location, post.shortcode) == (None, None, None, None)


@pytest.mark.parametrize(
    ("raw", "category"),
    [
        ("None", None),
        (None, None),
        ("None,Entrepreneur", "Entrepreneur"),
        ("Bakery", "Bakery"),
        ("A,B", "A, B"),
    ],
)
def test_categories_are_cleaned(make_item: Make, raw: str | None, category: str | None) -> None:
    assert read_item(make_item(businessCategoryName=raw)).category == category


def test_mentions_are_cut_at_the_end_of_the_handle(make_item: Make, make_post: Make) -> None:
    raw = ["NASAGoddard.", "universe’s", "gravacomigo!!", "@Twice", "twice", "…", 7, "..."]
    post = read_item(make_item(latestPosts=[make_post(mentions=raw)])).posts[0]
    assert post.mentions == ("nasagoddard", "universe", "gravacomigo", "twice")


def test_hidden_likes_are_not_a_number(make_item: Make, make_post: Make) -> None:
    raw = [
        make_post(likesCount=-1),
        make_post(likesCount=None),
        make_post(likesCount=True),
        make_post(likesCount=0),
    ]
    posts = read_item(make_item(latestPosts=raw)).posts
    assert [(post.likes, post.likes_hidden) for post in posts] == [
        (None, True),
        (None, False),
        (None, False),
        (0, False),
    ]


@pytest.mark.parametrize(
    ("raw", "followers"),
    [
        ("12,345", 12_345), ("12345", 12_345), (12_345.0, 12_345), ("12345.0", 12_345), ("12.345", 12_345),
        ("1.234.567", 1_234_567), ("12 345", 12_345), ("12\u202f345", 12_345), ("12'345", 12_345),
        ("12,34,567", 1_234_567), ("12,345.00", 12_345), (" 84,000 ", 84_000), ("4.2k", 4_200), ("1,5 M", 1_500_000),
        ("0", 0), (0.0, 0), ("0.123", None), ("1,2,3", None), (12.5, None), ("12.5", None), ("many", None), ("", None),
        (float("inf"), None), (-1, None), ("-1", None), (True, None), ([5], None), ("9" * 40, None),
        ("1,2 Mio.", 1_200_000), ("12 mil", 12_000), ("3.4 тыс.", 3_400), ("1.2万", 12_000), ("1,5 млн", 1_500_000),
        ("٨٤٬٠٠٠", 84_000), ("１２３４５", 12_345), ("84\u00b7000", 84_000), ("10K+", 10_000), ("+500", 500),
        ("3 parsecs", None), ("1_000", None), ("1e5", None), ("१२३४५", 12_345), ("1٫5k", 1_500),
    ],
)  # fmt: skip
def test_counts_are_read_however_they_are_written(
    make_item: Make, raw: object, followers: int | None
) -> None:
    assert read_item(make_item(followersCount=raw)).followers == followers


@pytest.mark.parametrize("hidden", [-1, -1.0, "-1"])
def test_hidden_likes_are_known_however_they_are_written(
    make_item: Make, make_post: Make, hidden: object
) -> None:
    post = read_item(make_item(latestPosts=[make_post(likesCount=hidden)])).posts[0]
    assert (post.likes, post.likes_hidden) == (None, True)


def test_a_link_comes_from_the_list_if_there_is_no_single_one(make_item: Make) -> None:
    listed: list[Any] = [
        {"url": "javascript:alert(1)"},
        {"url": "https://a.example"},
        "https://b.example",
        {},
    ]
    profile = read_item(make_item(externalUrl=None, externalUrls=listed))
    assert (profile.external_url, profile.external_links) == ("https://a.example", ("https://a.example",))


def test_an_item_without_link_fields_has_unknown_links() -> None:
    assert read_item({"username": "a", "biography": "b"}).links_known is False
    assert read_item({"username": "a", "externalUrls": [], "biography": "b"}).links_known is True


@pytest.mark.parametrize(
    "url", ["https://x.example/" + "a" * 500, "https://a b.example", "ftp://x.example", "x", 3]
)
def test_an_odd_link_is_no_link(make_item: Make, url: object) -> None:
    assert read_item(make_item(externalUrl=url)).external_url is None


@pytest.mark.parametrize(
    ("raw", "parsed"),
    [
        ("2026-01-02T03:04:05.000Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05+02:00", datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", None),
        ("yesterday", None),
        (1_700_000_000, datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        (1_700_000_000.0, datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        ("1700000000000", datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        (1_700_000_000_000_000, datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        ("2026-11-20T12:00:00+0000", datetime(2026, 11, 20, 12, tzinfo=UTC)),
        ("1700000000.5", datetime(2023, 11, 14, 22, 13, 20, 500_000, tzinfo=UTC)),
        (1_700_000_000.25, datetime(2023, 11, 14, 22, 13, 20, 250_000, tzinfo=UTC)),
        ("1700000000000000000", datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        ("Fri, 20 Nov 2026 12:00:00 GMT", datetime(2026, 11, 20, 12, tzinfo=UTC)),
        ("Fri Nov 20 2026 13:00:00 GMT+0100 (CET)", datetime(2026, 11, 20, 12, tzinfo=UTC)),
        ("2026-11-20 12:00:00 UTC", datetime(2026, 11, 20, 12, tzinfo=UTC)),
        (float("inf"), None),
        ("1970-01-01T00:00:00.000Z", None),
        ("2010-10-05T23:59:59Z", None),
        ("2030-01-01T00:00:00.000Z", None),
        (0, None),
        (10**30, None),
        (True, None),
        ({}, None),
    ],
)
def test_dates_are_utc_or_unknown(
    make_item: Make, make_post: Make, raw: object, parsed: datetime | None
) -> None:
    found = read_item(make_item(latestPosts=[make_post(timestamp=raw)]), now=NOW)
    assert found.posts[0].posted_at == parsed


@pytest.mark.parametrize(
    ("about", "joined"),
    [
        ({"date_joined_as_timestamp": 1_375_315_200}, date(2013, 8, 1)),
        ({"date_joined_as_timestamp": 10**12}, None),
        ({}, None),
        (None, None),
    ],
)
def test_the_month_of_joining_is_read_where_it_is_there(
    make_item: Make, about: object, joined: date | None
) -> None:
    assert read_item(make_item(about=about)).joined_on == joined


def test_everything_is_bounded(make_item: Make, make_post: Make) -> None:
    post = make_post(
        caption="c" * 9_000, hashtags=[f"t{n}" * 99 for n in range(99)], mentions=["m" * 99] * 99
    )
    big = {
        "biography": "b" * 9_000,
        "fullName": "n" * 999,
        "latestPosts": [post] * 50,
        "followersCount": 10**13,
    }
    profile = read_item(make_item(**big))
    assert (len(profile.biography), len(profile.full_name), len(profile.posts)) == (1_000, 100, 12)
    assert (len(profile.posts[0].caption), len(profile.posts[0].hashtags)) == (2_200, 30)
    assert max(len(tag) for tag in profile.posts[0].hashtags) == 100
    assert profile.followers is None


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ({"username": "a", "error": "not_found", "errorDescription": "Post does not exist"}, "not_found"),
        (
            {"error": "no_items", "errorDescription": "Empty or private data for provided input"},
            "empty_or_private",
        ),
        ({"username": "a", "private": False, "error": "Restricted profile"}, "restricted"),
        ({"username": "a", "isRestrictedProfile": True, "restrictionReason": "13 years"}, "restricted"),
        ({"username": "a", "error": "Private profile"}, "private"),
    ],
)
def test_an_error_item_is_final(item: object, reason: str) -> None:
    with pytest.raises(ProfileUnavailable) as unavailable:
        read_item(item)
    assert unavailable.value.reason == reason


@pytest.mark.parametrize(
    "item",
    [
        None,
        [],
        "x",
        {},
        {"username": "a"},
        {"username": 3, "biography": "b"},
        {"username": "a", "error": "page crashed"},
    ],
)
def test_what_is_no_profile_is_malformed(item: object) -> None:
    with pytest.raises(MalformedItem):
        read_item(item)


@given(
    st.dictionaries(st.sampled_from(FIELDS), JSON),
    st.lists(st.dictionaries(st.sampled_from(POST_FIELDS), JSON) | JSON, max_size=3),
)
def test_odd_fields_never_fail_a_profile(fields: dict[str, Any], posts: list[Any]) -> None:
    profile = read_item({"username": "a", "biography": "b", "latestPosts": posts, **fields})
    assert isinstance(profile, Profile)
    json.dumps(compute_facts(profile, now=datetime(2026, 11, 22, tzinfo=UTC)).to_json(), allow_nan=False)


def test_real_items_are_read() -> None:
    """Real scraped items aren't part of the project; OSLIRA_SAMPLE_PROFILES names a folder of them."""
    folder = Path(os.environ.get("OSLIRA_SAMPLE_PROFILES", "../shared/data/apify"))
    for path in sorted(folder.glob("[!_]*.json")):
        stored = json.loads(path.read_text(encoding="utf-8"))
        profile = read_item(stored[0] if isinstance(stored, list) else stored)
        assert profile.posts, path.name
        assert profile.followers, path.name
