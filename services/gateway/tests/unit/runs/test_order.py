"""What can be ordered, and how it is written."""

from datetime import timedelta

import pytest
from oslira_gateway.runs.order import Order, read_order
from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id


def order(username: str = "natgeo", kind: str = "light", max_age_s: int | None = None) -> Order:
    return read_order(username=username, kind=kind, business_profile_id=str(PROFILE), max_age_s=max_age_s)


PROFILE = new_id()


@pytest.mark.parametrize(
    "written", ["@NatGeo", "https://www.instagram.com/natgeo/?hl=en", "  NATGEO ", "instagram.com/natgeo"]
)
def test_names_are_normalised(written: str) -> None:
    assert order(written).username == "natgeo"
    assert order(written).body_hash == order().body_hash


@pytest.mark.parametrize("written", ["", "two names", "a" * 31, ".dot", "https://www.instagram.com/p/xyz"])
def test_malformed_names_are_refused(written: str) -> None:
    with pytest.raises(OsliraError) as caught:
        order(written)
    assert caught.value.code == "invalid_username"


@pytest.mark.parametrize("kind", ["medium", "", "LIGHT", "x-ray"])
def test_types_that_cannot_be_ordered_are_refused_with_those_that_can(kind: str) -> None:
    with pytest.raises(OsliraError) as caught:
        order(kind=kind)
    assert (caught.value.code, caught.value.extra) == (
        "unknown_type",
        {"accepted": ["deep", "light", "xray"]},
    )


def test_what_is_no_id_names_no_business_profile() -> None:
    with pytest.raises(OsliraError) as caught:
        read_order(username="natgeo", kind="light", business_profile_id="mine", max_age_s=None)
    assert caught.value.code == "business_profile_not_found"


@pytest.mark.parametrize(
    ("asked", "got"),
    [
        (None, timedelta(hours=24)),
        (0, timedelta(minutes=5)),
        (3600, timedelta(hours=1)),
        (10**9, timedelta(hours=24)),
    ],
)
def test_ages_stay_between_five_minutes_and_the_cache_life(asked: int | None, got: timedelta) -> None:
    assert order(max_age_s=asked).max_age == got


def test_each_type_costs_what_the_catalogue_says() -> None:
    assert [order(kind=kind).price_credits for kind in ("light", "deep", "xray")] == [1, 2, 3]
