import json

import pytest
from oslira_analysis.domain.business import BusinessContext, InvalidBusinessContext


def test_a_business_is_read_and_shown_in_a_fixed_order() -> None:
    raw = {
        "ideal_customer": {"followers_max": 9_000, "followers_min": 10, "signals": ["opens a shop", 3, " "]},
        "unknown": 1,
        "name": " Ovenworks ",
    }
    business = BusinessContext.from_dict(raw)
    assert business.name == "Ovenworks"
    assert business.ideal_customer.signals == ("opens a shop",)
    assert list(business.to_json()) == [
        "name",
        "industry",
        "offer",
        "description",
        "tone",
        "language",
        "ideal_customer",
    ]
    assert BusinessContext.from_dict(json.loads(json.dumps(business.to_json()))) == business


def test_a_business_is_bounded() -> None:
    huge = {"name": "n" * 999, "offer": "o" * 9_999, "ideal_customer": {"exclusions": ["e" * 999] * 99}}
    business = BusinessContext.from_dict(huge)
    assert (len(business.name), len(business.offer or "")) == (120, 2_000)
    assert [len(phrase) for phrase in business.ideal_customer.exclusions] == [200] * 12


@pytest.mark.parametrize(
    "raw", [{}, {"name": " "}, {"name": "a", "ideal_customer": {"followers_min": 2, "followers_max": 1}}]
)
def test_a_business_that_cannot_be_used_in_a_prompt_is_rejected(raw: dict[str, object]) -> None:
    with pytest.raises(InvalidBusinessContext):
        BusinessContext.from_dict(raw)
