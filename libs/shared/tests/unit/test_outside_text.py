"""Text from outside is made storable, once at each door."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oslira_shared.outside_text import is_storable, storable_json, storable_json_text, storable_text

SERVICES = Path(__file__).parents[4] / "services"
# Where text comes in, and the function that makes it storable, or says that it is not.
DOORS = {
    "scraped items": ("analysis/oslira_analysis/infrastructure/scraping/apify.py", "storable_json"),
    "models' answers": ("analysis/oslira_analysis/application/answer_call.py", "storable_json_text"),
    "errors of suppliers that the books keep": ("analysis/oslira_analysis/application/answer_call.py", "storable_text"),
    "Stripe's events": ("billing/oslira_billing/application/receive_webhook.py", "storable_json_text"),
    "Stripe's objects": ("billing/oslira_billing/infrastructure/stripe_api.py", "storable_json"),
    "bodies of requests": ("gateway/oslira_gateway/http/json_request.py", "storable_json"),
    "addresses of requests": ("gateway/oslira_gateway/http/edge.py", "is_storable"),
    "claims of tokens": ("gateway/oslira_gateway/identity/claims.py", "is_storable"),
}  # fmt: skip
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(), max_size=5), inner, max_size=3)
    ),
    max_leaves=9,
)


@pytest.mark.parametrize("door", DOORS)
def test_every_door_makes_its_text_storable(door: str) -> None:
    path, function = DOORS[door]
    tree = ast.parse((SERVICES / path).read_text(encoding="utf-8"))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert function in names


@pytest.mark.parametrize(
    ("document", "value"),
    [
        (r'"a\u0000b"', "ab"),
        (r'"\\u0000"', r"\u0000"),
        (r'"\\\u0000"', "\\"),
        (r'"\ud83d\ude00"', "😀"),
        (r'"\uD83D and \uDE00"', " and "),
        (r'"\ud83d\u0000\ude00"', ""),
        ('"a\x00b\ud800"', "ab"),
        (r'{"k\u0000": [1.5, "\n"]}', {"k": [1.5, "\n"]}),
    ],
)
def test_a_document_loses_what_no_database_takes_and_nothing_else(document: str, value: Any) -> None:
    assert json.loads(storable_json_text(document)) == value


@given(ANY_JSON)
def test_what_comes_out_is_json_in_utf_8_without_nul(value: Any) -> None:
    cleaned = storable_json(value)
    assert "\\u0000" not in json.dumps(cleaned, allow_nan=False).replace("\\\\", "")
    json.dumps(cleaned, ensure_ascii=False).encode()
    assert storable_json(cleaned) == cleaned
    assert json.loads(storable_json_text(json.dumps(value))) is not ...


@given(st.text(st.characters()))
def test_storable_text_is_left_as_it_is(text: str) -> None:
    cleaned = storable_text(text)
    assert is_storable(cleaned)
    assert (cleaned == text) is is_storable(text)


def test_depth_is_bounded() -> None:
    deep: Any = "x"
    for _ in range(900):
        deep = {"a": [deep]}
    assert json.dumps(storable_json(deep)).count("[") == 32
