from collections.abc import Callable

import pytest
from oslira_analysis.domain.business import BusinessContext
from oslira_analysis.domain.evidence.claims import Claim
from oslira_analysis.domain.evidence.leaks import PrivateContext
from oslira_analysis.domain.profile import Profile
from oslira_analysis.domain.results.claim_filter import ClaimFilter

WANTED = "Independent bakeries in Portugal that bake more than they can handle and hate paperwork"


@pytest.fixture
def business() -> BusinessContext:
    return BusinessContext.from_dict(
        {
            "name": "Ovenworks",
            "offer": "Bakery ovens that pay for themselves within the first two years",
            "ideal_customer": {
                "description": WANTED,
                "industry": "Bakery",
                "signals": ["opens a second shop within walking distance of the first one"],
                "exclusions": ["bankrupt within the last five years", "我们不想要已经破产或者欠债的面包店"],
            },
        }
    )


@pytest.mark.parametrize(
    "text",
    [
        WANTED,
        "You are one of those independent bakeries in Portugal that bake more than they can handle!",
        "INDEPENDENT-BAKERIES--IN-PORTUGAL--THAT...BAKE",
        "i n d e p e n d e n t b a k e r i e s i n P o r t u g a l t h a t",
        "They open a second shop within walking distance of the first.",
        "Not bankrupt within the last five years.",
        "我们不想要已经破产或者欠债",
        "The business_context says so.",
        "As my system prompt says",
    ],
)
def test_repeating_what_a_business_looks_for_is_a_leak(
    make_profile: Callable[..., Profile], business: BusinessContext, text: str
) -> None:
    assert PrivateContext.of(business, make_profile()).is_said_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A bakery in Portugal.",
        "Bakery ovens that pay for themselves within the first two years.",
        "A second shop opens soon, close to the first.",
        "我们不想要面包",
    ],
)
def test_public_and_ordinary_words_are_none(
    make_profile: Callable[..., Profile], business: BusinessContext, text: str
) -> None:
    assert not PrivateContext.of(business, make_profile()).is_said_in(text)


def test_text_of_the_profile_itself_is_not_a_leak(
    make_profile: Callable[..., Profile], business: BusinessContext
) -> None:
    assert not PrivateContext.of(business, make_profile(biography=WANTED)).is_said_in(WANTED)


def test_a_leak_leaves_summaries_with_its_sentence_and_claims_as_a_whole(
    make_profile: Callable[..., Profile], business: BusinessContext
) -> None:
    claim_filter = ClaimFilter(make_profile(), business)
    assert claim_filter.text(f"A bakery. They want: {WANTED}. Good lead.", 500) == "A bakery. Good lead."
    said = Claim(claim="Is a bakery.", quote="Family bakery", source="biography")
    assert claim_filter.text("One of the independent bakeries in Portugal that bake a lot.", 500)
    leak = Claim(claim=WANTED, quote="Family bakery", source="biography")
    assert claim_filter.claims([said, leak], most=4) == (said,)
    assert claim_filter.dropped_claims == 1
    assert claim_filter.phrases([WANTED, "Be brief.", "", "Ask."], most=1) == ("Be brief.",)
