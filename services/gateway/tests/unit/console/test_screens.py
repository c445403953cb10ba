"""Every screen, over the examples of the API's document."""

import pytest
from console_screens import SCREENS
from console_visitor import Visitor


@pytest.mark.parametrize("address", SCREENS)
async def test_a_screen_shows_what_the_api_answers(member: Visitor, address: str) -> None:
    answer = await member.get(address)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "<h1>" in answer.text or "id=" in answer.text
