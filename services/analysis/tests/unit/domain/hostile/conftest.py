"""Hostile texts that try to steer the model, and a profile that contains them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from oslira_analysis.domain.business import BusinessContext

_HERE: Final = Path(__file__).parent
_BIO: Final = "Family bakery in Porto\nWholesale for cafés"
WANTED: Final = (
    "Independent bakeries in Portugal that bake more than they can handle and dislike every kind of paperwork"
)


@dataclass(frozen=True, slots=True)
class Hostile:
    """One text. `field`: biography, caption, full_name, location or hashtag."""

    id: str
    language: str
    technique: str
    field: str
    text: str


def hostile_texts() -> list[Hostile]:
    found = [
        Hostile(**case)
        for file in sorted(_HERE.glob("*.json"))
        for case in json.loads(file.read_text("utf-8"))
    ]
    assert len({case.id for case in found}) == len(found)
    return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "hostile" in metafunc.fixturenames:
        metafunc.parametrize("hostile", hostile_texts(), ids=lambda case: case.id)


@pytest.fixture
def every_hostile() -> list[Hostile]:
    return hostile_texts()


@pytest.fixture
def planted(
    make_item: Callable[..., dict[str, Any]], make_post: Callable[..., dict[str, Any]]
) -> Callable[[Hostile | None], dict[str, Any]]:
    """The item of a plain profile, with the text where its author put it."""

    def plant(case: Hostile | None) -> dict[str, Any]:
        field, text = (case.field, case.text) if case else ("", "")
        posts = [make_post(index, likesCount=75 + 40 * (index % 2)) for index in range(6)]
        if field == "caption":
            posts[0]["caption"] = f"{posts[0]['caption']}\n{text}"
        if field == "location":
            posts[0]["locationName"] = text
        if field == "hashtag":
            posts[0]["hashtags"] = [*posts[0]["hashtags"], text]
        return make_item(
            biography=f"{_BIO}\n{text}" if field == "biography" else _BIO,
            fullName=text if field == "full_name" else "Crumb & Co",
            latestPosts=posts,
        )

    return plant


@pytest.fixture
def business() -> BusinessContext:
    return BusinessContext.from_dict(
        {
            "name": "Ovenworks",
            "offer": "Bakery ovens",
            "ideal_customer": {
                "description": WANTED,
                "signals": ["opens a second shop"],
                "exclusions": ["no own production kitchen"],
            },
        }
    )


@pytest.fixture
def wanted() -> str:
    return WANTED
