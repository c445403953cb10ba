"""Whether scraped items are accepted as the requested profile."""

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judged_items import LOGIN_WALL, NAME, NAN, NOW, SHARED, ZEROS, Make, outcome_of
from oslira_analysis.domain.facts.profile_facts import compute_facts
from oslira_analysis.domain.items.item_identity import without_posts_of
from oslira_analysis.domain.items.judge_items import ScrapeUnusable, judge_items, judge_stored
from oslira_analysis.domain.items.read_item import MalformedItem, ProfileUnavailable, read_item


def test_the_requested_profile_is_accepted(make_item: Make) -> None:
    judged = judge_items([make_item(id="7", username=" @Crumb.And.Co")], requested=NAME)
    assert judged.profile.username == NAME
    assert (judged.profile_id, judged.names) == ("7", {NAME, "id:7"})


def test_another_profiles_item_is_never_accepted(make_item: Make) -> None:
    other = make_item(username="a.stranger", id="7", inputUrl=f"https://www.instagram.com/{NAME}/")
    assert outcome_of([other]) == "another_profile"
    assert outcome_of([other], known_id="8") == "another_profile"
    assert outcome_of([{"username": "a.stranger", "error": "not_found"}]) == "another_profile"


@pytest.mark.parametrize(
    "change",
    [
        {"id": 7},
        {"formerUsernames": [{"username": "older"}, NAME.upper()]},
        {"about": {"previous_username": NAME}},
        {"id": "7", "about": {"former_usernames": 3}},
    ],
)
def test_a_renamed_profile_is_accepted_and_accepted_again_when_it_is_read_from_the_cache(
    make_item: Make, change: dict[str, Any]
) -> None:
    judged = judge_items(
        [make_item(username="crumb.reborn", **change)],
        requested=NAME,
        known_id="7" if "id" in change else None,
    )
    assert judged.profile.username == "crumb.reborn"
    assert judged.names >= {NAME, "crumb.reborn"}
    kept = judge_stored(json.loads(json.dumps(judged.item)), requested=NAME)
    assert kept is not None
    assert kept.profile == judged.profile
    assert judge_stored(judged.item, requested="a.stranger") is None


def test_an_item_cannot_mark_itself_as_accepted(make_item: Make) -> None:
    assert outcome_of([make_item(username="a.stranger", osliraAskedFor=NAME)]) == "another_profile"


def test_the_right_one_of_several_items_is_accepted_at_any_position(make_item: Make) -> None:
    right, other = make_item(), make_item(username="a.stranger")
    wall = {"username": NAME, **LOGIN_WALL}
    gone = {"username": NAME, "error": "not_found"}
    for items in ([other, right], [None, gone, other, right], [right, other], [wall, right]):
        assert outcome_of(items) == "accepted"
    assert outcome_of([other, gone]) == "final: not_found"
    assert outcome_of([other, wall]) == "incomplete"


@pytest.mark.parametrize("items", [[], [None], ["<html>"], [[1]], [{}], [{"followersCount": 3}]])
def test_an_unreadable_item_is_not_a_final_result(items: list[Any]) -> None:
    assert outcome_of(items) in {"no_item", "unreadable"}


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        (LOGIN_WALL, "incomplete"),
        (LOGIN_WALL | {"biography": "Bakery"}, "incomplete"),
        (LOGIN_WALL | {"title": "Login • Instagram"}, "blocked"),
        (LOGIN_WALL | {"requestErrorMessages": ["Error: Request blocked"]}, "blocked"),
        (LOGIN_WALL | {"private": True}, "accepted"),  # a free check ends it as private
        ({"latestPosts": []}, "posts_missing"),
        ({"latestPosts": None, "postsCount": "240"}, "posts_missing"),
        ({"latestPosts": ["x", None]}, "posts_missing"),
        ({"latestPosts": [{"error": "blocked"}, {}, {"caption": "", "isPinned": False}]}, "posts_missing"),
        ({"latestPosts": {"0": {"caption": "x"}}}, "posts_missing"),
        (ZEROS | {"fullName": "Login • Instagram"}, "incomplete"),
        (ZEROS | {"id": "7"}, "accepted"),  # a profile that was made a moment ago
        # Posts whose number is not known may be missing: a profile that has none says 0.
        *(
            ({"latestPosts": [], "postsCount": unknown}, "posts_missing")
            for unknown in (None, "", -1, NAN, "many", [])
        ),
        ({"latestPosts": [], "postsCount": "1.2K"}, "posts_missing"),
        ({"latestPosts": [], "postsCount": "0"}, "accepted"),
        ({"latestPosts": [], "postsCount": None, "osliraPostsLeftOut": True}, "posts_missing"),
        ({"latestPosts": [], "private": 1}, "accepted"),
        ({"latestPosts": [], "private": True}, "accepted"),
        ({"latestPosts": [], "private": "true"}, "accepted"),
        ({"latestPosts": [], "postsCount": 0, "followersCount": 0}, "accepted"),
        (
            {"postsCount": None, "followersCount": None, "followsCount": None},
            "accepted",
        ),  # its posts were read
    ],
)
def test_an_incomplete_scrape_is_rejected(make_item: Make, changes: dict[str, Any], outcome: str) -> None:
    assert outcome_of([make_item(**changes)]) == outcome


def test_an_unusable_cached_item_is_a_miss(make_item: Make) -> None:
    for kept in (
        None,
        {},
        [1],
        "x",
        {"error": "not_found"},
        make_item(username="a.stranger"),
        make_item(latestPosts=[]),
    ):
        assert judge_stored(kept, requested=NAME) is None
    kept = judge_stored(make_item(), requested=NAME)
    assert kept is not None
    assert kept.profile == read_item(make_item())


def test_a_stored_item_has_only_the_fields_that_are_read(make_item: Make, make_post: Make) -> None:
    post = make_post(
        latestComments=[{"ownerUsername": "a.stranger"}], taggedUsers=[{"username": "a.stranger"}]
    )
    deep: Any = "x"
    for _ in range(900):
        deep = [deep]
    item = make_item(
        relatedProfiles=[{"username": "a.stranger"}],
        latestPosts=[post, "odd"] * 30,
        externalUrls=deep,
        about={"country": "c" * 99_999, "n": {"1": {"2": {"3": 4}}}},
    )
    kept = judge_items([item], requested=NAME).item
    assert "a.stranger" not in json.dumps(kept)
    assert len(json.dumps(kept)) < 20_000
    assert read_item(kept, now=NOW) == read_item(item, now=NOW)


def test_every_name_and_id_of_an_item_is_looked_at(make_item: Make, make_post: Make) -> None:
    judged = judge_items(
        [
            make_item(
                id=7,
                ownerUsername="by.owner",
                formerUsername="before",
                owner={"id": "8", "username": "nested"},
                about={"username": "About.Name", "id": 9, "former_usernames": ["about.before"]},
                latestPosts=[
                    make_post(ownerUsername="old.handle", ownerId="7"),
                    make_post(ownerUsername="a.friend", ownerId="70"),
                ],
            )
        ],
        requested=NAME,
    )
    assert judged.names == {
        NAME, "by.owner", "before", "nested", "about.name", "about.before", "old.handle", "id:7", "id:8", "id:9",
    }  # fmt: skip
    assert judged.others == {"a.friend", "id:70"}
    without = without_posts_of(judged.item, {"id:70"})
    assert [post["ownerUsername"] for post in without["latestPosts"]] == ["old.handle"]
    assert (
        judge_stored(without_posts_of(judged.item, judged.names | judged.others), requested=NAME) is not None
    )


def stored_items() -> list[tuple[str, dict[str, Any]]]:
    paths = [*SHARED.glob("[!_]*.json"), *(SHARED.parent / "cases").glob("*/item.json")]
    found = [
        (path.parent.name + "/" + path.name, json.loads(path.read_text("utf-8"))) for path in sorted(paths)
    ]
    return [(name, item[0] if isinstance(item, list) else item) for name, item in found]


def test_real_and_odd_items_have_their_expected_outcome() -> None:
    expected = {
        "05": "incomplete", "06": "posts_missing", "07": "blocked", "08": "final: not_found", "16": "another_profile",
    }  # fmt: skip
    for name, item in stored_items():
        assert outcome_of([item], requested=item["username"].lower()) == expected.get(name[:2], "accepted"), (
            name
        )


ODD = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["\x00", "\ud83d", "12,345", "-1", "x" * 50_000, "2030-01-01", "1795000000000"])
    | st.lists(st.none() | st.integers() | st.dictionaries(st.text(max_size=3), st.none()), max_size=3)
    | st.dictionaries(st.text(max_size=3), st.integers(), max_size=3)
)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_mutated_item_is_a_profile_or_a_declared_error(data: st.DataObject) -> None:
    """Types swapped, nulls, missing keys, NUL, huge values, anywhere in an item."""
    whole = {
        "username": NAME,
        "biography": "b",
        "postsCount": 1,
        "latestPosts": [{"caption": "c", "likesCount": 3}],
    }
    item: dict[str, Any] = deepcopy(
        data.draw(st.sampled_from([whole, *(item for _, item in stored_items())]))
    )
    for _ in range(data.draw(st.integers(1, 4))):
        posts = (
            [post for post in item.get("latestPosts") or [] if isinstance(post, dict)]
            if isinstance(item.get("latestPosts"), list)
            else []
        )
        target = data.draw(st.sampled_from([item, *posts]))
        if target:
            key = data.draw(st.sampled_from(sorted(target)))
            if data.draw(st.booleans()):
                target[key] = data.draw(ODD)
            else:
                del target[key]
    for attempt in (lambda: read_item(item), lambda: judge_items([item], requested=NAME).profile):
        try:
            profile = attempt()
        except (ProfileUnavailable, MalformedItem, ScrapeUnusable):
            continue
        json.dumps(compute_facts(profile, now=NOW).to_json(), allow_nan=False).encode()
