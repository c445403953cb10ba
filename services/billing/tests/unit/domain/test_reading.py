from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stripe
import stripe_samples as samples
from hypothesis import given
from hypothesis import strategies as st
from oslira_billing.domain import fields
from oslira_billing.domain.catalogue import Catalogue, Priced
from oslira_billing.domain.errors import EventRefusedError
from oslira_billing.domain.event import parse_event
from oslira_billing.domain.signature import TOLERANCE_S, verify_signature
from oslira_billing.domain.subscription import Subscription, read_subscription
from oslira_billing.domain.waiting import LONGEST_WAIT, next_look_s
from oslira_shared.errors import OsliraError

PRO = Priced(plan="pro", months=1)
SOLD = Catalogue(
    plans={"pro": 1500, "agency": 5000},
    packs={},
    prices={"price_1": PRO, "price_add": Priced(), "price_top": Priced(plan="agency", months=1)},
)
NOW_S = 1_782_900_000.0


def test_fields_are_none_where_anything_on_the_way_is_missing() -> None:
    value = {"a": {"b": 1, "text": "", "flag": True}, "list": {"data": [{"x": 1}, 7]}}
    assert fields.at(value, "a", "b") == 1
    assert fields.at(value, "a", "b", "c") is None
    assert fields.text(value, "a", "text") is None
    assert fields.number(value, "a", "flag") is None
    assert fields.moment(value, "a", "c") is None
    assert fields.rows(value, "list") == [{"x": 1}]
    assert fields.rows(value, "a") == []


def test_a_reference_may_be_expanded() -> None:
    assert fields.reference({"customer": "cus_1"}, "customer") == "cus_1"
    assert fields.reference({"customer": {"id": "cus_1"}}, "customer") == "cus_1"
    assert fields.reference({"customer": None}, "customer") is None


def test_an_event_is_read_with_its_customer_and_moment() -> None:
    found = parse_event(samples.event("invoice.paid", samples.invoice(customer="cus_9")))
    assert (found.type, found.customer_id, found.livemode) == ("invoice.paid", "cus_9", False)
    assert found.created == datetime(2026, 7, 1, tzinfo=UTC)


def test_a_test_clocks_future_is_no_newer_than_when_it_came() -> None:
    came, far = datetime(2026, 7, 1, 12, tzinfo=UTC), 1_893_456_000
    for created, expected in ((far, came), (samples.JULY_S, datetime(2026, 7, 1, tzinfo=UTC)), (None, None)):
        assert parse_event(samples.event("invoice.paid", {}, created=created)).as_of(came).created == expected


@pytest.mark.parametrize(
    "payload",
    [
        None,
        [],
        {"object": "v2.core.event"},
        samples.event("invoice.paid", {}, id=None),
        samples.event("", {}),
        samples.event("invoice.paid", {}, livemode="no"),
        samples.event("invoice.paid", {}, data={"object": "in_1"}),
    ],
)
def test_what_is_no_snapshot_event_is_invalid(payload: Any) -> None:
    with pytest.raises(OsliraError) as refusal:
        parse_event(payload)
    assert refusal.value.code == "invalid_request"


@given(body=st.text(), secret=st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1))
def test_every_signature_that_stripes_own_library_makes_is_accepted(body: str, secret: str) -> None:
    header = stripe.WebhookSignature.generate_signature_header(body, secret, int(NOW_S))
    verify_signature(body.encode(), header, ["whsec_old", secret], now_s=NOW_S)


def test_during_a_rotation_either_secret_serves() -> None:
    body, header = samples.signed({}, "new", "old", at_s=NOW_S)
    for known in (["old"], ["new"], ["other", "new"]):
        verify_signature(body, header, known, now_s=NOW_S)


def test_a_signature_is_good_for_the_tolerance_and_no_longer() -> None:
    body, header = samples.signed({}, "s", at_s=NOW_S)
    verify_signature(body, header, ["s"], now_s=NOW_S + TOLERANCE_S)
    with pytest.raises(OsliraError, match="older than"):
        verify_signature(body, header, ["s"], now_s=NOW_S + TOLERANCE_S + 1)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "nonsense",
        "t=soon,v1=00",
        f"t={'9' * 5000},v1=00",
        f"t={NOW_S:.0f}",
        f"t={NOW_S:.0f},v1=00",
        f"t={NOW_S:.0f},v0=00,v1=ü",
        samples.signed({"other": "body"}, "s", at_s=NOW_S)[1],
        samples.signed({}, "other secret", at_s=NOW_S)[1],
        samples.signed({}, "s", at_s=NOW_S)[1].replace(f"t={NOW_S:.0f}", f"t={NOW_S + 1:.0f}"),
    ],
)
def test_anything_else_is_no_signature_of_ours(header: str | None) -> None:
    with pytest.raises(OsliraError) as refusal:
        verify_signature(b"{}", header, ["s"], now_s=NOW_S)
    assert refusal.value.code == "invalid_signature"


def test_a_subscription_is_read_from_its_item() -> None:
    assert read_subscription(samples.subscription(status="past_due", price="price_1"), SOLD) == Subscription(
        id="sub_1",
        state="past_due",
        plan="pro",
        customer_id="cus_1",
        price_id="price_1",
        interval=None,
        period_start=datetime(2026, 7, 1, tzinfo=UTC),
        period_end=datetime(2026, 8, 1, tzinfo=UTC),
        cancel_at_period_end=False,
        started_at=datetime(2026, 7, 1, tzinfo=UTC),
    )


def test_of_several_items_the_best_plan_is_the_subscriptions() -> None:
    described = samples.subscription(price="price_1")
    (item,) = described["items"]["data"]
    others = [{**item, "price": {"id": price}} for price in ("price_unknown", "price_top", "price_add")]
    described["items"]["data"] += others
    assert (read_subscription(described, SOLD).plan, read_subscription(described, SOLD).price_id) == (
        "agency",
        "price_top",
    )


@pytest.mark.parametrize(
    ("described", "code"),
    [
        (samples.subscription(status="dreaming"), "subscription_malformed"),
        ({"status": "active"}, "subscription_malformed"),
        (samples.subscription(price="price_2", plan="pro"), "price_unknown"),
        (samples.subscription(price="price_add"), "plan_unknown"),
        (samples.subscription(), "plan_unknown"),
        (samples.subscription() | {"items": {"data": []}}, "plan_unknown"),
    ],
)
def test_a_subscription_that_makes_no_sense_is_refused(described: dict[str, Any], code: str) -> None:
    with pytest.raises(EventRefusedError) as refusal:
        read_subscription(described, SOLD)
    assert refusal.value.code == code


def test_an_event_waits_ever_longer_and_not_for_ever() -> None:
    assert next_look_s(timedelta(0)) == 2.0
    assert next_look_s(timedelta(minutes=4)) == 60.0
    assert next_look_s(timedelta(days=1)) == 900.0
    assert next_look_s(LONGEST_WAIT) is None
