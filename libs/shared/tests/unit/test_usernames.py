"""Every spelling of a profile's name is one name; anything else is rejected with a reason."""

import string
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oslira_shared.usernames import MAX_RAW_LENGTH, MAX_TEXT_LENGTH, InvalidUsername, normalise_username

NAMES = st.from_regex(r"[a-z0-9_](?:[a-z0-9_]|\.(?=[a-z0-9_])){0,29}", fullmatch=True)


@pytest.mark.parametrize(
    "raw",
    [
        "nasa",
        "  @NASA \n",
        "\ufeffnasa",
        "\u200enasa\u200e",
        "nasa/",
        "instagram.com/nasa",
        "www.instagram.com/nasa/",
        "http://instagram.com/NASA",
        "https://www.instagram.com/nasa/?hl=en&igsh=abc",
        "https://m.instagram.com/nasa#top",
        "HTTPS://WWW.INSTAGRAM.COM/Nasa/",
        "https://www.instagram.com/nasa/reels/",
        "https://www.instagram.com/nasa/tagged/",
        "https://instagr.am/nasa",
        "https://www.instagram.com/_u/nasa",
        "https://www.instagram.com/%40nasa",
        "https://ig.me/m/nasa",
        "instagram://user?username=nasa",
        "https://www.instagram.com:443//nasa//",
        "https://www.instagram.com./nasa",
        "https://web.instagram.com/nasa",
        "//instagram.com/nasa",
        "https://www.instagram.com/nasa%20",
        "https://www.instagram.com/nasa/followers/",
        "https://www.instagram.com/@nasa",
        "https://www.instagram.com/nasa/?igsh=" + "x" * 1_500,
        "https://ig.me/m/nasa?text=hello",
        "\uff20nasa",
        "@nasa.",
        "nasa,",
        "(@nasa)",
        "\u201cnasa\u201d",
        "<https://instagram.com/nasa>.",
        "instagram.com/nasa!",
        "12. @nasa",
        "- nasa",
        "\u2022 nasa",
    ],
)
def test_every_way_of_writing_a_profile_is_one_name(raw: str) -> None:
    assert normalise_username(raw) == "nasa"


@pytest.mark.parametrize("raw", ["a", "_a_", "a.b.c", "pontelo.digital", "missing-x", "x" * 30, "1234"])
def test_valid_names_are_kept_as_they_are(raw: str) -> None:
    assert normalise_username(raw) == raw


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ("", "empty"),
        (" @ ", "empty"),
        ("/", "empty"),
        ("x" * 31, "too_long"),
        ("x " * (MAX_RAW_LENGTH // 2 + 1), "too_long"),
        (" " * (MAX_TEXT_LENGTH + 1), "too_long"),
        (".nasa", "bad_form"),
        ("nasa...", "bad_form"),  # a name that was cut off
        ("na..sa", "bad_form"),
        ("-nasa", "bad_form"),
        ("nasa-", "bad_form"),
        ("na sa", "bad_characters"),
        ("@@nasa", "bad_characters"),
        ("nasa?x=1", "bad_characters"),
        ("nаsa", "bad_characters"),  # a Cyrillic a
        ("\u212ariko", "bad_characters"),  # the Kelvin sign lowers to k
        ("na\u200bsa", "bad_characters"),
        ("ｎａｓａ", "bad_characters"),
        ("nasa\x00", "bad_characters"),
        ("instagram.com", "not_a_profile"),
        ("https://www.instagram.com/", "not_a_profile"),
        ("https://www.instagram.com/p/DNQuxufAih9/", "not_a_profile"),
        ("https://www.instagram.com/nasa/p/DNQuxufAih9/", "not_a_profile"),
        ("https://www.instagram.com/nasa/reel/DNQuxufAih9/", "not_a_profile"),
        ("instagram.com/reel/DNQuxufAih9", "not_a_profile"),
        ("https://www.instagram.com/explore/tags/space/", "not_a_profile"),
        ("https://www.instagram.com/stories/nasa/1/", "not_a_profile"),
        ("https://www.instagram.com/en/nasa", "not_a_profile"),
        ("https://www.instagram.com/nasa/saved/all-posts/", "not_a_profile"),
        ("https://www.instagram.com/nasa/guide/moon/17900/", "not_a_profile"),
        ("https://www.instagram.com/nasa/reel/DNQuxufAih9", "not_a_profile"),
        ("https://www.instagram.com/p", "not_a_profile"),
        ("https://www.instagram.com/_u/nasa/p/DNQuxufAih9/", "not_a_profile"),
        ("https://www.instagram.com/share/BAxyz123", "not_a_profile"),
        ("https://www.instagram.com/j/AbaXyz/", "not_a_profile"),
        ("https://www.instagram.com/login", "not_a_profile"),
        ("https://www.instagram.com/invites/contact/?i=1q2w3e", "not_a_profile"),
        ("https://www.instagram.com/popular/space-near-me/", "not_a_profile"),
        ("https://www.instagram.com/legal/privacy/", "not_a_profile"),
        ("https://www.instagram.com/qr?r=nasa", "not_a_profile"),
        ("https://www.instagram.com/channel/AbCdEf123/", "not_a_profile"),
        ("https://www.instagram.com/locations/123/lyon/", "not_a_profile"),
        ("https://www.instagram.com/tags/space/", "not_a_profile"),
        ("https://l.instagram.com/?u=https%3A%2F%2Fexample.com%2Fnasa", "not_instagram"),
        ("www.example.com", "not_instagram"),
        ("nasa@example.com", "bad_characters"),
        ("https://example.com/nasa", "not_instagram"),
        ("https://instagram.com@example.com/nasa", "not_instagram"),
        ("https://instagram.com.example.com/nasa", "not_instagram"),
        ("ftp://instagram.com/nasa", "not_instagram"),
        ("https://[instagram.com/nasa", "not_instagram"),
    ],
)
def test_what_is_no_profile_is_refused_with_a_reason(raw: str, problem: str) -> None:
    with pytest.raises(InvalidUsername) as refused:
        normalise_username(raw)
    assert refused.value.problem == problem
    assert refused.value.reason.endswith(".")


@given(NAMES)
def test_normalising_is_idempotent_over_all_ways_of_writing(name: str) -> None:
    for raw in (name, f"@{name.upper()}", f"https://www.instagram.com/_u/{name}/?igsh=1"):
        assert normalise_username(raw) == name
    assert normalise_username(normalise_username(name)) == name


@given(st.text(max_size=MAX_RAW_LENGTH + 5))
def test_any_text_gives_a_valid_name_or_a_reason(raw: str) -> None:
    with suppress(InvalidUsername):
        name = normalise_username(raw)
        assert 1 <= len(name) <= 30
        assert set(name) <= set(string.ascii_lowercase + string.digits + "._-")
