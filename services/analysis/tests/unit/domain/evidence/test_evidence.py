from collections.abc import Callable
from typing import Any

import pytest
from oslira_analysis.domain.evidence.claims import Claim, ProfileQuotes, Source, keep_supported
from oslira_analysis.domain.profile import Profile

MakeProfile = Callable[..., Profile]
MakePost = Callable[..., dict[str, Any]]


@pytest.fixture
def find(make_profile: MakeProfile) -> Callable[..., Source | None]:
    """Where a quote is found in the fixture's profile, or in one with these captions."""

    def run(quote: str, *captions: str, expected: Source | None = None) -> Source | None:
        posts = [{"caption": caption, "hashtags": []} for caption in captions]
        profile = make_profile(latestPosts=posts) if captions else make_profile()
        return ProfileQuotes(profile).find(quote, expected=expected)

    return run


Find = Callable[..., Source | None]


@pytest.mark.parametrize(
    ("quote", "source"),
    [
        ("Family bakery in Porto", "biography"),
        ("FAMILY  BAKERY\nin porto wholesale", "biography"),
        ("“Wholesale for cafés”", "biography"),
        ("Wholesale for cafe\u0301s…", "biography"),
        ("Whole\u200bsale for cafés", "biography"),
        ("Crumb & Co", "full_name"),
        ("crumb.and.co", "username"),
        ("Bakery", "category"),
        ("https://crumb.example/", "external_url"),
        ("sourdough day 3", "post:4"),
        ("#bread #bakery", "post:1"),
        ('"bread","bakery"', "post:1"),
        ("**#bread**", "post:1"),
        ("@millfriends", "post:1"),
    ],
)
def test_a_quote_is_found_where_the_profile_contains_it(find: Find, quote: str, source: Source) -> None:
    assert find(quote) == source


@pytest.mark.parametrize(
    ("caption", "quote"),
    [
        ("Fresh bread – baked daily", "Fresh bread - baked daily"),
        ("Fresh bread — baked daily", "fresh bread, baked daily"),
        ("well-known bread", "well‑known bread"),
        ("Coming soon… our new shop", "Coming soon... our new shop"),
        ("Fresh bread\n\nbaked daily", "Fresh bread baked daily"),
        ("Fresh bread\nbaked daily", r"Fresh bread\nbaked daily"),
        ("• Fresh bread\n• Dark rye", "Fresh bread Dark rye"),
        ("Fresh bread", "- Fresh bread"),
        ("✅ Fresh bread 🥖 baked daily", "Fresh bread baked daily"),
        ("1️⃣ Fresh bread 2️⃣ Dark rye", "Fresh bread Dark rye"),
        ("Fresh bread 👩🏽‍🍳 baked daily", "Fresh bread 👩‍🍳 baked daily"),
        ("Fresh bread ❤️ daily", "Fresh bread ❤ daily"),
        ("Fresh Bread™ daily", "Fresh Bread daily"),
        ("Fresh bread baked daily", "**Fresh bread** _baked_ `daily`"),
        ("Fresh bread & butter", "Fresh bread &amp; butter"),
        ("𝗙𝗿𝗲𝘀𝗵 𝗯𝗿𝗲𝗮𝗱", "Fresh bread"),
        ("F̷r̸e̵s̶h̷ b̸r̵e̴a̷d̸", "Fresh bread"),
        ("Don’t eat stale bread", "don't eat stale bread"),
        ("Pão fresquinho", "Pao fresquinho"),
        ("我们的面包店今天开业", "面包"),
        ("パン屋さんです", "パン屋"),
        ("오늘 빵집을 열었습니다", "빵집"),
        ("ร้านขนมปังสดใหม่ทุกวัน", "ขนมปัง"),
        ("نخبز الخبز الطازج كل يوم", "الخبز الطَّازَج"),
        ("हम रोज़ ताज़ी रोटी बनाते हैं", "ताज़ी रोटी"),
        ("לחם טרי כל יום", "לֶחֶם טָרִי"),
    ],
)
def test_what_models_change_between_words_does_not_matter(find: Find, caption: str, quote: str) -> None:
    assert find(quote, caption) == "post:1"
    assert find(f"So it is: {quote}", caption) is None


@pytest.mark.parametrize(
    ("quote", "is_found"),
    [
        ("Fresh bread … every morning", True),
        ("Fresh bread [...] every morning", True),
        ("Fresh bread (…) in Porto ... every morning", True),
        ("… bread from our own oven …", True),
        ("every morning … Fresh bread", False),
        ("Fresh bread … every evening", False),
        ("Fresh bread … Porto … every … morning", False),  # more parts than an excerpt has
        ("bread … bread", False),
        ("the … every morning", False),
        ("Fresh bread … other post", False),
    ],
)
def test_an_ellipsis_leaves_words_out_between_parts_in_order(
    find: Find, quote: str, *, is_found: bool
) -> None:
    caption = "Fresh bread from our own oven in Porto, the whole year, every morning at six"
    assert (find(quote, caption, "An other post") is not None) is is_found


def test_an_ellipsis_bridges_no_more_than_some_sentences(find: Find) -> None:
    near, far = "and so on " * 30, "and so on " * 60
    quote = "Fresh bread … every morning"
    assert find(quote, f"Fresh bread {near} every morning") == "post:1"
    assert find(quote, f"Fresh bread {far} every morning") is None
    assert find(quote, f"Fresh bread {far} Fresh bread {near} every morning") == "post:1"


@pytest.mark.parametrize(
    "quote",
    [
        "", "  ", "a", "in", "i n", "\u200b\u200b\u200b", "...", '"""', "🥖🥖",
        "the", "123", "resh", "fresh from the", "from the", "2024 2025", "day 3", "sourdough", "oven", "bread",
        "amily bakery in Port", "Family restaurant", "Porto Wholesale now", "Bake", "and.co", "#brea", "@bread", "#millfriends",
    ],
)  # fmt: skip
def test_what_the_profile_does_not_say_or_shows_nothing_is_no_evidence(find: Find, quote: str) -> None:
    assert find(quote) is None


@pytest.mark.parametrize(
    "quote",
    ["de la con para", "und der mit von", "pour les avec nous", "для нас это не", "的我们是", "です", "และ"],
)
def test_stop_words_of_any_language_show_nothing(find: Find, quote: str) -> None:
    assert find(quote, quote) is None


def test_two_texts_are_not_joined_to_one_quote(find: Find) -> None:
    assert find("Crumb & Co Family bakery") is None
    assert find("Crumb … Family bakery") is None


def test_location_and_category_are_evidence_too(make_profile: MakeProfile, make_post: MakePost) -> None:
    quotes = ProfileQuotes(make_profile(latestPosts=[make_post(locationName="Lisbon, Portugal")]))
    assert quotes.find("lisbon portugal") == "post:1"
    assert quotes.find("lisbon") is None
    assert quotes.find("bakery", expected="category") == "category"


def test_the_named_place_wins_only_if_the_quote_is_there(find: Find) -> None:
    assert find("Sourdough day", expected="post:3") == "post:3"
    assert find("Sourdough day 1", expected="biography") == "post:2"


def test_unsupported_claims_are_dropped(make_profile: MakeProfile) -> None:
    claims = [
        Claim(claim="Runs a bakery.", quote="Family bakery", source="post:9"),
        Claim(claim="Has ten shops.", quote="ten shops", source="biography"),
        Claim(claim="\u200b", quote="Family bakery", source="biography"),
    ]
    kept = keep_supported(claims, ProfileQuotes(make_profile()))
    assert kept == (Claim(claim="Runs a bakery.", quote="Family bakery", source="biography"),)


def test_one_quote_carries_one_claim_of_a_kind(make_profile: MakeProfile) -> None:
    quotes = ProfileQuotes(make_profile())
    claims = [
        Claim(claim="Runs a bakery.", quote="Family bakery in Porto", source="biography"),
        Claim(claim="Is a family business.", quote="family bakery – in **Porto**", source="biography"),
        Claim(claim="Sells to cafés.", quote="Wholesale for cafés", source="biography"),
    ]
    kept = keep_supported(claims, quotes)
    assert [claim.claim for claim in kept] == ["Runs a bakery.", "Sells to cafés."]
    assert keep_supported(claims[1:2], quotes)  # of another kind


@pytest.mark.parametrize(
    ("caption", "quote", "kept"),
    [
        ("🥐 Fresh bread – baked daily…\nOpen", "fresh bread - BAKED daily", "Fresh bread – baked daily"),
        ("Our “Cafe\u0301 de\u0301lice\u0301” is open", "café délice", "Cafe\u0301 de\u0301lice\u0301"),
        ("New: #sourdough loaf, €4.50!", "sourdough loaf", "#sourdough loaf"),
        ("我们每天早上，烤面包。欢迎", "早上烤面包", "早上，烤面包"),
        ("ताज़ी रोटी हर दिन", "ताज़ी रोटी", "ताज़ी रोटी"),
        ("Ｆｒｅｓｈ bread, 𝗱𝗮𝗶𝗹𝘆", "fresh bread daily", "Ｆｒｅｓｈ bread, 𝗱𝗮𝗶𝗹𝘆"),
        ("Fresh bread today", "1. **Fresh** bread", "Fresh bread"),
        ("Fresh bread today", "Caption: <b>fresh</b> bread", "Fresh bread"),
        ("Fresh bread today", "[fresh bread](https://x.example)", "Fresh bread"),
        ("Fresh bread today, dark rye tomorrow", "fresh bread … dark rye", "fresh bread … dark rye"),
        # Where folding hides the place, the quote stays as the model wrote it.
        ("Dark rye &amp fresh bread &amp; more", "FRESH bread", "fresh bread"),
    ],
)
def test_a_supported_quote_has_the_profiles_own_characters(
    make_profile: MakeProfile, caption: str, quote: str, kept: str
) -> None:
    profile = make_profile(latestPosts=[{"caption": caption}])
    claims = keep_supported([Claim(claim="Bakes.", quote=quote, source="post:1")], ProfileQuotes(profile))
    assert [(claim.quote, claim.source) for claim in claims] == [(kept, "post:1")]


@pytest.mark.parametrize("quote", ["1. the", "Caption: bread", "<b>of</b>", "post:1: 123"])
def test_markup_is_no_evidence_either(find: Find, quote: str) -> None:
    assert find(quote, "Bread of the 123 day") is None


def test_a_quote_that_is_too_long_is_found_and_truncated(make_profile: MakeProfile) -> None:
    caption = "bread and butter " * 40
    profile = make_profile(latestPosts=[{"caption": caption}])
    kept = keep_supported([Claim(claim="Bakes.", quote=caption, source="post:1")], ProfileQuotes(profile))
    assert kept[0].quote == caption[:300].rstrip()


def test_an_absent_category_and_link_are_no_evidence(make_profile: MakeProfile) -> None:
    profile = make_profile(businessCategoryName=None, externalUrl=None, biography="")
    assert ProfileQuotes(profile).find("None") is None
