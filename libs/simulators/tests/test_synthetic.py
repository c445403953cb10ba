"""Made-up profiles, and those of a folder."""

import json
from pathlib import Path

import pytest
from oslira_simulators.profiles import Profiles
from oslira_simulators.synthetic import synthetic_item


def test_the_same_name_always_gives_the_same_profile() -> None:
    assert synthetic_item("luna.bakes") == synthetic_item("luna.bakes")
    assert synthetic_item("luna.bakes") != synthetic_item("luna.baker")
    # pinned: a change would invalidate whatever compares runs of different days
    assert synthetic_item("luna.bakes")["followersCount"] == 1646


def test_profiles_are_rich_and_varied() -> None:
    items = [synthetic_item(f"name{number}") for number in range(200)]
    posts = [post for item in items for post in item["latestPosts"]]
    assert all(len(item["latestPosts"]) == 12 for item in items)
    assert any(post["likesCount"] == -1 for post in posts)
    assert any(post.get("isPinned") for post in posts)
    assert any(post["type"] == "Video" and post["videoViewCount"] > 0 for post in posts)
    assert any(post["hashtags"] for post in posts)
    assert any(post["mentions"] for post in posts)
    bios = [item["biography"] for item in items]
    assert any("@" in bio for bio in bios)
    assert any("📞" in bio for bio in bios)
    assert any(item["externalUrl"] for item in items)
    assert any(item["externalUrl"] is None for item in items)
    assert len(set(bios)) > 150


def test_a_folder_is_served_as_it_is_without_names_that_begin_with_an_underscore(tmp_path: Path) -> None:
    item = {"username": "Luna.Bakes", "odd": [1, None], "latestPosts": []}
    (tmp_path / "luna.json").write_text(json.dumps(item))
    (tmp_path / "_errors.json").write_text("[]")
    profiles = Profiles(tmp_path)
    assert profiles.usernames() == ["luna.bakes"]
    assert profiles.item("luna.bakes") == item
    assert profiles.item("other")["username"] == "other"


def test_a_file_that_holds_no_item_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("[1]")
    with pytest.raises(ValueError, match=r"broken\.json"):
        Profiles(tmp_path)
    with pytest.raises(FileNotFoundError):
        Profiles(tmp_path / "nowhere")
