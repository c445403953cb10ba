from typing import Any

import pytest
from oslira_billing import samples
from oslira_billing.domain.catalogue import Catalogue
from oslira_billing.domain.errors import EventRefusedError
from oslira_billing.domain.grants import (
    Grant,
    grant_of_invoice,
    grant_of_session,
    months_of_invoice,
    payment_of_session,
)
from oslira_billing.samples import AUGUST_S, JULY_S, line

SOLD = Catalogue(
    plans={"free": 25, "growth": 250, "pro": 1500},
    packs={"pack_100": 100},
    prices={"price_growth": "growth", "price_pro": "pro"},
)


@pytest.mark.parametrize("reason", ["subscription_create", "subscription_cycle"])
def test_a_periods_invoice_grants_the_plans_credits_under_the_periods_key(reason: str) -> None:
    paid = samples.invoice(line("pro"), reason=reason)
    assert grant_of_invoice(paid, SOLD) == Grant(f"sub:sub_1:{JULY_S}", 1500, "subscription")


def test_the_price_decides_before_stale_metadata() -> None:
    paid = samples.invoice(line("growth", price="price_pro"), plan="growth")
    assert grant_of_invoice(paid, SOLD) == Grant(f"sub:sub_1:{JULY_S}", 1500, "subscription")


def test_the_subscriptions_metadata_serves_where_price_and_line_say_nothing() -> None:
    paid = samples.invoice(line(None, price="price_new"), plan="Growth")
    assert grant_of_invoice(paid, SOLD) == Grant(f"sub:sub_1:{JULY_S}", 250, "subscription")


def test_a_cycle_with_prorations_grants_the_new_period_only() -> None:
    paid = samples.invoice(
        line("growth", amount=-500, proration=True),
        line("pro", price="price_pro", start_s=AUGUST_S),
        line("pro", price="price_pro", amount=700, proration=True),
    )
    assert grant_of_invoice(paid, SOLD) == Grant(f"sub:sub_1:{AUGUST_S}", 1500, "subscription")


def test_an_upgrade_in_mid_period_grants_the_difference_under_the_invoices_key() -> None:
    paid = samples.invoice(
        line("pro", price="price_growth", amount=-500, proration=True),
        line("pro", price="price_pro", amount=1500, proration=True),
        line("pro", price="price_pro", amount=0),
        reason="subscription_update",
        invoice_id="in_up",
    )
    assert grant_of_invoice(paid, SOLD) == Grant("invoice:in_up", 1250, "subscription")


def test_a_downgrade_grants_nothing() -> None:
    paid = samples.invoice(
        line("pro", price="price_pro", amount=-1500, proration=True),
        line("growth", price="price_growth", amount=500, proration=True),
        reason="subscription_update",
    )
    assert grant_of_invoice(paid, SOLD) is None


def test_what_an_upgrade_leaves_is_never_guessed_from_metadata() -> None:
    paid = samples.invoice(line("pro", amount=-500, proration=True), reason="subscription_update", plan="pro")
    with pytest.raises(EventRefusedError, match="plan_unknown"):
        grant_of_invoice(paid, SOLD)


def test_a_one_off_invoice_grants_the_pack_it_names_under_its_own_key() -> None:
    paid = samples.invoice(subscription=None, reason="manual", invoice_id="in_1", pack="pack_100")
    assert grant_of_invoice(paid, SOLD) == Grant("invoice:in_1", 100, "pack")


def test_the_invoice_of_a_packs_checkout_grants_nothing_beside_its_session() -> None:
    assert grant_of_invoice(samples.invoice(subscription=None, reason="manual"), SOLD) is None


@pytest.mark.parametrize(
    ("paid", "code"),
    [
        (samples.invoice(line("platinum")), "plan_unknown"),
        (samples.invoice(line(None)), "plan_unknown"),
        (samples.invoice(), "invoice_malformed"),
        (samples.invoice({**line("pro"), "period": None}), "invoice_malformed"),
        (samples.invoice(subscription=None, pack="pack_7"), "pack_unknown"),
    ],
)
def test_an_invoice_that_makes_no_sense_is_refused_with_its_reason(
    paid: dict[str, object], code: str
) -> None:
    with pytest.raises(EventRefusedError) as refusal:
        grant_of_invoice(paid, SOLD)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    "metadata", [{"pack": "pack_100"}, {"credit_pack": "100"}, {"credit_pack": "pack_100"}]
)
def test_a_paid_pack_is_granted_under_its_sessions_key(metadata: dict[str, Any]) -> None:
    done = samples.session(**metadata)
    assert grant_of_session(done, SOLD) == Grant(f"session:{done['id']}", 100, "pack")


@pytest.mark.parametrize(
    "done",
    [
        samples.session(pack="pack_100", payment_status="unpaid"),
        samples.session(mode="subscription", plan="pro"),
        samples.session(),
    ],
)
def test_other_checkouts_grant_nothing(done: dict[str, object]) -> None:
    assert grant_of_session(done, SOLD) is None


def test_a_years_invoice_is_for_twelve_months_whatever_prorations_stand_beside_it() -> None:
    year = line("pro")
    year["period"]["end"] = JULY_S + 365 * 86_400
    longer = line("pro", proration=True)
    longer["period"]["end"] = JULY_S + 9_999 * 86_400
    assert months_of_invoice(samples.invoice(year, longer)) == 12
    assert months_of_invoice(samples.invoice(line("pro"))) == 1
    assert months_of_invoice(samples.invoice()) == 1


def test_a_packs_payment_is_its_sessions_and_a_plans_is_not() -> None:
    assert payment_of_session(samples.session(payment="pi_1")) == "pi_1"
    assert payment_of_session(samples.session(payment="pi_1", mode="subscription")) is None
