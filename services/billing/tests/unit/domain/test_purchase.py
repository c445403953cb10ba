"""What invoices and checkouts pay for. Computed by hand: July 2026 has 31 days, pro has 1,500 credits a month."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stripe_samples as samples
from oslira_billing.domain.catalogue import Catalogue, Priced
from oslira_billing.domain.errors import EventRefusedError
from oslira_billing.domain.lines import has_prorations
from oslira_billing.domain.purchase import (
    Grant,
    Purchase,
    ReadInvoice,
    Span,
    Stake,
)
from stripe_samples import AUGUST_S, JULY_S, line, one_off_line

SOLD = Catalogue(
    plans={"free": 25, "growth": 250, "pro": 1500},
    packs={"pack_100": 100},
    prices={
        "price_growth": Priced(plan="growth", months=1),
        "price_pro": Priced(plan="pro", months=1),
        "price_pro_year": Priced(plan="pro", months=12),
        "price_growth_year": Priced(plan="growth", months=12),
        "price_pack": Priced(pack="pack_100"),
        "price_service": Priced(),
    },
    trials={"growth": 10, "pro": 25},
)
JULY = datetime(2026, 7, 1, tzinfo=UTC)
DAY_S = 86_400
READ = ReadInvoice(SOLD, trial_key="trial:1")


def paid(invoice: dict[str, Any]) -> Purchase:
    (found,) = READ(invoice)
    return found


def granted(invoice: dict[str, Any]) -> dict[str, int]:
    return {grant.key: grant.amount_credits for found in READ(invoice) for grant in found.grants}


def change(
    old: str | None, new: str | None, *, at_s: int, until_s: int = AUGUST_S, **changes: Any
) -> dict[str, Any]:
    """An invoice with the prorations of a change of price; None: nothing on that side."""
    sides = [(old, -500), (new, 1_500)]
    lines = [
        line(None, price=price, amount=amount, start_s=at_s, end_s=until_s, proration=True)
        for price, amount in sides
        if price
    ]
    return samples.invoice(*lines, reason="subscription_update", invoice_id="in_up", created=at_s, **changes)


@pytest.mark.parametrize("reason", ["subscription_create", "subscription_cycle"])
def test_a_periods_invoice_grants_the_plans_credits_under_the_periods_key(reason: str) -> None:
    found = paid(samples.invoice(line("pro"), reason=reason))
    assert found.grants == (Grant(f"sub:sub_1:{JULY_S}", 1500, "subscription", JULY),)
    assert (found.group, found.total_credits, found.spans) == ("sub_1", 1500, ())


def test_every_line_and_every_unit_counts() -> None:
    three = samples.invoice(line(None, price="price_pro", quantity=3), line(None, price="price_growth"))
    assert granted(three) == {f"sub:sub_1:{JULY_S}": 3 * 1500 + 250}
    with_pack = samples.invoice(
        line("pro"), one_off_line("price_pack", amount=900, quantity=2, at_s=JULY_S + 5)
    )
    assert granted(with_pack) == {f"sub:sub_1:{JULY_S}": 1500, f"sub:sub_1:{JULY_S + 5}": 200}


def test_the_price_decides_before_stale_metadata() -> None:
    assert granted(samples.invoice(line("growth", price="price_pro"), plan="growth")) == {
        f"sub:sub_1:{JULY_S}": 1500
    }


def test_the_subscriptions_metadata_serves_a_line_without_a_price() -> None:
    assert granted(samples.invoice(line(None), plan="Growth")) == {f"sub:sub_1:{JULY_S}": 250}


def test_items_without_credits_grant_none_next_to_items_with_credits() -> None:
    invoice = samples.invoice(
        line("pro"), line(None, price="price_service"), one_off_line("price_of_a_setup", amount=500)
    )
    assert granted(invoice) == {f"sub:sub_1:{JULY_S}": 1500}
    assert READ(samples.invoice(line(None, price="price_service"))) == []


def test_an_upgrade_in_mid_period_grants_the_rest_of_the_period() -> None:
    half = change("price_growth", "price_pro", at_s=AUGUST_S - 31 * DAY_S // 2)
    found = paid(half)
    assert [(grant.key, grant.amount_credits) for grant in found.grants] == [("invoice:in_up", 625)]
    assert (found.total_credits, found.returned_credits) == (625, 0)
    assert has_prorations(half)


def test_an_upgrade_in_the_last_hour_grants_the_last_hours_share() -> None:
    assert granted(change("price_growth", "price_pro", at_s=AUGUST_S - 3_600)) == {"invoice:in_up": 2}


def test_a_downgrade_returns_what_an_upgrade_at_the_same_moment_grants() -> None:
    down = samples.invoice(
        line(
            None,
            price="price_pro",
            amount=-1_500,
            start_s=AUGUST_S - 7 * DAY_S,
            end_s=AUGUST_S,
            proration=True,
        ),
        line(
            None,
            price="price_growth",
            amount=500,
            start_s=AUGUST_S - 7 * DAY_S,
            end_s=AUGUST_S,
            proration=True,
        ),
        reason="subscription_update",
    )
    found = paid(down)
    up = granted(change("price_growth", "price_pro", at_s=AUGUST_S - 7 * DAY_S))
    assert (found.grants, found.returned_credits) == ((), up["invoice:in_up"])
    assert found.returned_at == JULY + timedelta(days=24)


def test_the_anchor_tells_how_long_a_february_period_is() -> None:
    february, march = datetime(2027, 1, 31, tzinfo=UTC), datetime(2027, 2, 28, tzinfo=UTC)
    up = change(None, "price_pro", at_s=int(february.timestamp()), until_s=int(march.timestamp()))
    anchored = ReadInvoice(SOLD, trial_key="", anchor=datetime(2026, 10, 31, tzinfo=UTC))
    assert anchored(up)[0].grants[0].amount_credits == 1500


def test_a_cycle_with_prorations_grants_the_new_period_and_the_change() -> None:
    invoice = samples.invoice(
        line(
            None,
            price="price_growth",
            amount=-250,
            start_s=AUGUST_S - 31 * DAY_S // 2,
            end_s=AUGUST_S,
            proration=True,
        ),
        line(
            None,
            price="price_pro",
            amount=750,
            start_s=AUGUST_S - 31 * DAY_S // 2,
            end_s=AUGUST_S,
            proration=True,
        ),
        line(None, price="price_pro", start_s=AUGUST_S),
        invoice_id="in_1",
    )
    assert granted(invoice) == {f"sub:sub_1:{AUGUST_S}": 1500, "invoice:in_1": 625}


def test_a_change_that_moves_no_money_moves_no_credits() -> None:
    lines = [line(None, price=f"price_{plan}", amount=0, proration=True) for plan in ("growth", "pro")]
    found = paid(samples.invoice(*lines, reason="subscription_update"))
    assert (found.grants, found.returned_credits, found.total_credits) == ((), 0, 0)
    free = {
        **line(None, price="price_pro", amount=-500, proration=True),
        "discount_amounts": [{"amount": 500}],
    }
    assert paid(samples.invoice(free)).returned_credits == 0


def test_returned_credits_are_never_guessed_from_metadata() -> None:
    invoice = samples.invoice(line("pro", amount=-500, proration=True), plan="pro")
    with pytest.raises(EventRefusedError, match="plan_unknown"):
        READ(invoice)


def test_a_year_grants_its_first_month_and_the_others_as_they_come() -> None:
    year_s = JULY_S + 365 * DAY_S
    found = paid(samples.invoice(line(None, price="price_pro_year", amount=99_000, end_s=year_s)))
    assert [grant.amount_credits for grant in found.grants] == [1500]
    ends = datetime(2027, 7, 1, tzinfo=UTC)
    assert (found.total_credits, found.spans) == (18_000, (Span(1500, JULY, JULY, ends),))


def test_from_month_to_year_the_year_is_granted_and_the_rest_of_the_month_returned() -> None:
    middle_s = AUGUST_S - 31 * DAY_S // 2
    year_s = int(datetime.fromtimestamp(middle_s, UTC).replace(year=2027).timestamp())
    invoice = samples.invoice(
        line(None, price="price_pro", amount=-5_000, start_s=middle_s, end_s=AUGUST_S, proration=True),
        line(None, price="price_pro_year", amount=99_000, start_s=middle_s, end_s=year_s),
        reason="subscription_update",
    )
    found = paid(invoice)
    assert [(grant.key, grant.amount_credits) for grant in found.grants] == [(f"sub:sub_1:{middle_s}", 1500)]
    assert (found.returned_credits, found.total_credits) == (750, 17_250)


def test_a_change_within_a_year_ends_the_months_of_one_plan_and_begins_those_of_another() -> None:
    ends_s = int(datetime(2027, 7, 1, tzinfo=UTC).timestamp())
    found = paid(change("price_pro_year", "price_growth_year", at_s=JULY_S + 31 * DAY_S // 2, until_s=ends_s))
    assert [span.monthly_credits for span in found.spans] == [-1500, 250]
    assert {span.anchor for span in found.spans} == {JULY}


def test_prorations_belong_to_their_own_subscription_if_the_account_has_it() -> None:
    given_back = line(
        None,
        price="price_pro",
        amount=-1_000,
        start_s=AUGUST_S - 31 * DAY_S // 2,
        end_s=AUGUST_S,
        proration=True,
    )
    given_back["parent"]["subscription_item_details"]["subscription"] = "sub_old"
    invoice = samples.invoice(given_back, line(None, price="price_growth", amount=2_500), from_balance=500)
    for known, groups in ((frozenset({"sub_old"}), ["sub_old", "sub_1"]), (frozenset[str](), ["sub_1"])):
        found = ReadInvoice(SOLD, trial_key="", known=known)(invoice)
        assert [one.group for one in found] == groups
        assert sum(one.returned_credits for one in found) == 750
        # The new one was paid by a card, from the balance, and by what was returned of the old one.
        assert found[-1].stake.cash_minor == 1_000
        assert found[-1].stake.total_minor == (2_500 if known else 1_500)
    alone = {**invoice, "parent": None, "lines": {"data": [given_back]}}
    assert [one.group for one in READ(alone)] == ["sub_old"]


@pytest.mark.parametrize("days", [7, 60])
def test_a_trial_grants_what_the_plan_says_under_a_key_of_the_account(days: int) -> None:
    trial = line(None, price="price_pro", amount=0, end_s=JULY_S + days * DAY_S)
    assert granted(samples.invoice(trial, reason="subscription_create")) == {"trial:1": 25}
    other = line(None, price="price_pack", amount=0)
    assert READ(samples.invoice(other)) == []


def test_a_coupon_makes_it_cheaper_and_no_less() -> None:
    free = {**line(None, price="price_pro", amount=9_900), "discount_amounts": [{"amount": 9_900}]}
    assert granted({**samples.invoice(free), "amount_paid": 0}) == {f"sub:sub_1:{JULY_S}": 1500}


def test_the_money_at_stake_is_recorded_by_how_it_was_paid() -> None:
    invoice = samples.invoice(line("pro", amount=19_900), from_balance=18_900)
    assert paid(invoice).stake == Stake(cash_minor=1_000, balance_minor=18_900, currency="usd")
    waived = {**samples.invoice(line("pro")), "amount_paid": 0, "pre_payment_credit_notes_amount": 2_000}
    assert paid(waived).stake.total_minor == waived["total"]


def test_a_one_off_invoice_grants_the_pack_it_names_under_its_own_key() -> None:
    found = paid(samples.invoice(subscription=None, reason="manual", invoice_id="in_1", pack="pack_100"))
    assert [(grant.key, grant.amount_credits, grant.source) for grant in found.grants] == [
        ("invoice:in_1", 100, "pack")
    ]


def test_the_invoice_of_a_packs_checkout_grants_nothing_in_addition() -> None:
    assert (
        READ(samples.invoice(one_off_line("price_pack", amount=900), subscription=None, reason="manual"))
        == []
    )


@pytest.mark.parametrize(
    ("invoice", "code"),
    [
        (samples.invoice(line("platinum")), "plan_unknown"),
        (samples.invoice(line(None)), "plan_unknown"),
        (
            samples.invoice(line("pro", price="price_new"), plan="pro"),
            "price_unknown: billing.prices has no price_new",
        ),
        (samples.invoice(), "invoice_malformed"),
        (samples.invoice({**line("pro"), "period": None}), "invoice_malformed"),
        (samples.invoice(subscription=None, pack="pack_7"), "pack_unknown"),
    ],
)
def test_an_invoice_that_makes_no_sense_is_refused_with_its_reason(
    invoice: dict[str, object], code: str
) -> None:
    with pytest.raises(EventRefusedError, match=code):
        READ(invoice)
