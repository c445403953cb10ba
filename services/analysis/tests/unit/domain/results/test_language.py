"""Which language messages are in is looked at, and not believed."""

from collections.abc import Callable
from typing import Any

import pytest
from oslira_analysis.domain.business import BusinessContext
from oslira_analysis.domain.profile import Profile
from oslira_analysis.domain.results.claim_filter import ClaimFilter
from oslira_analysis.domain.results.language import Language, detect, posted_languages, undecided
from oslira_analysis.domain.results.outreach import Outreach, OutreachAnswer, compose_outreach
from pydantic import BaseModel

PORTUGUESE = "Pão de fermentação lenta, amassado à mão todas as manhãs na nossa padaria do Porto"
CHINESE = "我们的面包店每天早上用老面发酵手工揉面烤面包"


def language_of(text: str) -> Language | None:
    """As sure as a detector of three languages can be."""
    signs: dict[str, Language] = {"padaria": "pt", "ovens": "en", "面包": "zh"}
    return next((language for sign, language in signs.items() if sign in text), None)


@pytest.fixture
def write(
    make_profile: Callable[..., Profile],
    make_business: Callable[..., BusinessContext],
    answers: dict[str, BaseModel],
) -> Callable[..., Outreach]:
    def run(*captions: str, **changes: Any) -> Outreach:
        answer = OutreachAnswer.model_validate({**answers["outreach"].model_dump(), **changes})
        profile = make_profile(latestPosts=[{"caption": caption} for caption in captions])
        return compose_outreach(answer, ClaimFilter(profile, make_business(), language_of))

    return run


def test_messages_in_another_language_than_all_posts_are_marked(write: Callable[..., Outreach]) -> None:
    outreach = write(PORTUGUESE, CHINESE, language="pt")
    assert (outreach.language, outreach.is_language_of_posts) == ("en", False)


def test_messages_in_a_language_of_the_posts_are_confirmed(write: Callable[..., Outreach]) -> None:
    english = "We deliver to cafés with large ovens, every morning but Sunday, all over the city"
    assert write(PORTUGUESE, english).is_language_of_posts


@pytest.mark.parametrize(
    ("captions", "changes"),
    [
        ((), {}),
        (("Pão!",), {}),  # nothing sure of the posts
        (
            (PORTUGUESE,),
            {"dm_pitch": "Ja.", "email_pitch": "Ja.", "ask": "Ja?", "language": "de"},
        ),  # nor of the message
    ],
)
def test_what_is_unsure_is_not_judged(
    write: Callable[..., Outreach], captions: tuple[str, ...], changes: dict[str, Any]
) -> None:
    outreach = write(*captions, **changes)
    assert outreach.is_language_of_posts is None
    assert outreach.language == changes.get("language", "en")


def test_short_texts_links_and_tags_have_no_language() -> None:
    assert detect(PORTUGUESE, language_of) == "pt"
    assert detect(CHINESE, language_of) == "zh"
    assert detect("Na padaria.", language_of) is None
    assert detect("https://padaria.example/" + "a" * 90, language_of) is None
    assert detect("#padaria @padaria " * 9, language_of) is None
    assert detect(PORTUGUESE, undecided) is None


def test_posts_of_other_owners_do_not_count_for_the_language(make_profile: Callable[..., Profile]) -> None:
    posts = [
        {"caption": PORTUGUESE, "ownerUsername": "somebody.else"},
        {"caption": CHINESE, "ownerUsername": "crumb.and.co"},
    ]
    assert posted_languages(make_profile(latestPosts=posts), language_of) == {"zh"}
