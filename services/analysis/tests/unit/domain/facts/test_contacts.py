"""Contact data is taken as a profile publishes it, and nothing else is taken for it."""

from collections.abc import Callable
from typing import Any

import pytest
from oslira_analysis.domain.facts.contacts import MOST, Contacts, links_of, read_contacts
from oslira_analysis.domain.profile import Profile

MakeProfile = Callable[..., Profile]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"biography": "Bread"}, Contacts((), ())),
        (
            {"biography": "Mail Hello@Crumb.example, hello@crumb.example."},
            Contacts(("hello@crumb.example",), ()),
        ),
        ({"biography": "WhatsApp +55 (11) 91234-5678"}, Contacts((), ("+55 (11) 91234-5678",))),
        ({"biography": "Since 2019-2024, 10.000.000 served"}, Contacts((), ())),
        (
            {"biography": "Bread", "externalUrl": "https://wa.me/5511912345678?text=oi"},
            Contacts((), ("+5511912345678",)),
        ),
        (
            {"biography": "Bread", "externalUrl": "https://api.whatsapp.com/send?phone=+5511912345678"},
            Contacts((), ("+5511912345678",)),
        ),
        ({"biography": "Bread", "externalUrl": "https://wa.me/message/ABC"}, Contacts((), ())),
        ({"biography": "Bread", "externalUrl": "https://crumb.example/5511912345678"}, Contacts((), ())),
        ({"biography": "Bread", "externalUrl": "https://[half/5511912345678"}, Contacts((), ())),
        # One number in two notations is one, as written first.
        (
            {"biography": "+55 11 91234-5678", "externalUrl": "https://wa.me/5511912345678"},
            Contacts((), ("+55 11 91234-5678",)),
        ),
    ],
    ids=str,
)
def test_contacts_are_those_that_the_profile_publishes(
    make_profile: MakeProfile, changes: dict[str, Any], expected: Contacts
) -> None:
    assert read_contacts(make_profile(**changes)) == expected


def test_a_profile_full_of_contacts_is_cut(make_profile: MakeProfile) -> None:
    found = read_contacts(make_profile(biography=" ".join(f"a{number}@b.example" for number in range(40))))
    assert len(found.emails) == MOST


def test_links_are_each_once_with_the_main_one_first(make_profile: MakeProfile) -> None:
    links = [{"url": "https://b.example"}, {"url": "https://a.example"}]
    profile = make_profile(externalUrl="https://a.example", externalUrls=links)
    assert links_of(profile) == ("https://a.example", "https://b.example")
