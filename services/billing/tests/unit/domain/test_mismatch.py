"""Differences between Stripe's money and our grants; what agrees is no mismatch."""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

import pytest
from oslira_billing.domain.group import Given, Group, Paid
from oslira_billing.domain.mismatch import (
    KINDS,
    CompareGroup,
    GrantStatus,
    Mismatch,
    Payment,
    merged,
    not_recorded,
    payment_differences,
)
from oslira_billing.domain.money_facts import MoneyFacts
from oslira_billing.domain.purchase import Purchase, Stake
from oslira_billing.domain.reversal import Charge, CreditNote, Dispute

ACCOUNT = UUID(int=1)
AT = datetime(2026, 11, 1, tzinfo=UTC)
STAKE = Stake(cash_minor=1_000, currency="usd")
NOTHING = MoneyFacts()


def purchase(id_: str = "cs_1") -> Purchase:
    return Purchase(id=id_, group="cs_1", made_at=AT, stake=STAKE, total_credits=100)


def given(id_: str = "cs_1", **changes: object) -> Given:
    known = {"key": f"session:{id_}", "purchase_id": id_, "credits": 100, "starts_at": AT}
    return Given(**(known | changes))  # pyright: ignore[reportArgumentType]  # a test's own words


def refunded(minor: int) -> MoneyFacts:
    return MoneyFacts({"ch_1": Charge("ch_1", 1_000, minor, "usd", None)})


def disputed(state: str) -> MoneyFacts:
    return MoneyFacts(refunded(0).charges, {"du_1": ("ch_1", Dispute("du_1", 1_000, state))})


def noted(minor: int) -> MoneyFacts:
    return MoneyFacts(notes={"cn_1": CreditNote("cn_1", "cs_1", minor)})


def compare(
    there: MoneyFacts | None,
    here: MoneyFacts,
    *,
    status: GrantStatus | None = None,
    granted: Given | None = None,
    paid: Paid | None = None,
) -> list[tuple[str, str, int]]:
    """(kind, Stripe's id, credits). `there` None: Stripe was not asked about this purchase."""
    one = granted or given()
    ledger: Mapping[str, GrantStatus] = {one.key: status or GrantStatus(100, 0, is_frozen=False)}
    facts = {} if there is None else {"cs_1": there}
    group = Group([paid or Paid(purchase=purchase())], [one])
    found = CompareGroup(ACCOUNT, group, ledger, facts, {"cs_1": here} if here != NOTHING else {})()
    assert all(mismatch.kind in KINDS and mismatch.account_id == ACCOUNT for mismatch in found)
    return [(mismatch.kind, mismatch.stripe_id, mismatch.credits) for mismatch in found]


def test_what_agrees_is_no_mismatch() -> None:
    assert compare(NOTHING, NOTHING) == []
    assert compare(refunded(500), refunded(500), status=GrantStatus(100, 50, is_frozen=False)) == []
    assert compare(disputed("lost"), disputed("lost"), status=GrantStatus(100, 100, is_frozen=False)) == []
    frozen = given(frozen_under="dispute:1")
    open_ = disputed("needs_response")
    assert compare(open_, open_, status=GrantStatus(100, 0, is_frozen=True), granted=frozen) == []
    assert compare(disputed("won"), disputed("warning_closed")) == []


@pytest.mark.parametrize(
    ("there", "here", "taken", "expected"),
    [
        (refunded(500), NOTHING, 0, ("refund_without_reversal", "ch_1", 50)),
        (refunded(0), refunded(500), 50, ("reversal_without_refund", "ch_1", 50)),
        (NOTHING, refunded(500), 50, ("reversal_without_refund", "ch_1", 50)),
        (noted(500), NOTHING, 0, ("credit_note_without_reversal", "cn_1", 50)),
        (noted(0), noted(500), 50, ("reversal_without_refund", "cn_1", 50)),
        (disputed("lost"), disputed("needs_response"), 0, ("lost_dispute_without_reversal", "du_1", 100)),
        (disputed("needs_response"), refunded(0), 0, ("dispute_without_freeze", "du_1", 100)),
        (refunded(0), disputed("lost"), 100, ("reversal_without_refund", "du_1", 100)),
    ],
)
def test_what_is_not_recorded_as_stripe_has_it_is_named_with_its_credits(
    there: MoneyFacts, here: MoneyFacts, taken: int, expected: tuple[str, str, int]
) -> None:
    assert compare(there, here, status=GrantStatus(100, taken, is_frozen=False)) == [expected]


@pytest.mark.parametrize(
    ("there", "kind"),
    [(disputed("won"), "freeze_after_dispute_closed"), (refunded(0), "freeze_without_dispute")],
)
def test_a_dispute_that_is_recorded_as_open_and_is_not_leaves_a_freeze(there: MoneyFacts, kind: str) -> None:
    status = GrantStatus(100, 0, is_frozen=True)
    assert compare(there, disputed("under_review"), status=status) == [(kind, "du_1", 100)]


@pytest.mark.parametrize(
    ("facts", "status", "expected"),
    [
        (refunded(500), GrantStatus(100, 0, is_frozen=False), ("refund_without_reversal", "ch_1", 50)),
        (noted(500), GrantStatus(100, 0, is_frozen=False), ("credit_note_without_reversal", "cn_1", 50)),
        (
            disputed("lost"),
            GrantStatus(100, 0, is_frozen=False),
            ("lost_dispute_without_reversal", "du_1", 100),
        ),
        (
            disputed("needs_response"),
            GrantStatus(100, 0, is_frozen=False),
            ("dispute_without_freeze", "du_1", 100),
        ),
        (disputed("won"), GrantStatus(100, 0, is_frozen=True), ("freeze_after_dispute_closed", "du_1", 100)),
        (NOTHING, GrantStatus(100, 0, is_frozen=True), ("freeze_without_dispute", "cs_1", 100)),
        (NOTHING, GrantStatus(100, 40, is_frozen=False), ("reversal_without_refund", "cs_1", 40)),
    ],
)
def test_a_ledger_that_does_not_follow_the_records_is_named(
    facts: MoneyFacts, status: GrantStatus, expected: tuple[str, str, int]
) -> None:
    assert compare(facts, facts, status=status) == [expected]


def test_a_purchase_that_stripe_was_not_asked_about_counts_as_recorded() -> None:
    half_back = Paid(purchase=purchase(), back_minor=500)
    assert compare(None, refunded(500), paid=half_back) == [("refund_without_reversal", "ch_1", 50)]
    won_and_noted = MoneyFacts(refunded(0).charges, disputed("won").disputes, noted(500).notes)
    assert compare(None, won_and_noted, paid=half_back) == [("credit_note_without_reversal", "cn_1", 50)]
    assert compare(None, NOTHING, paid=half_back) == [("credit_note_without_reversal", "cs_1", 50)]


def test_a_refund_that_moves_no_credits_is_named_all_the_same() -> None:
    assert compare(refunded(1), NOTHING) == [("refund_without_reversal", "ch_1", 0)]


def test_a_grant_that_the_ledger_lacks_or_has_otherwise_is_named() -> None:
    group = Group([Paid(purchase=purchase())], [given(), given(key="session:more")])
    found = CompareGroup(ACCOUNT, group, {"session:more": GrantStatus(90, 0, is_frozen=False)}, {}, {})()
    assert [(one.kind, one.stripe_id, one.credits) for one in found] == [
        ("payment_without_grant", "cs_1", 100),
        ("granted_credits_differ", "cs_1", 10),
    ]


def test_each_purchase_of_a_group_has_its_own_credits_in_its_mismatch() -> None:
    group = Group([Paid(purchase=purchase()), Paid(purchase=purchase("cs_2"))], [given(), given("cs_2")])
    ledger = {one.key: GrantStatus(100, 0, is_frozen=False) for one in group.given}
    facts = {"cs_1": disputed("needs_response"), "cs_2": NOTHING}
    found = CompareGroup(ACCOUNT, group, ledger, facts, {})()
    assert [(one.kind, one.purchase_id, one.credits) for one in found] == [
        ("dispute_without_freeze", "cs_1", 100)
    ]
    refunds = {"cs_1": refunded(500), "cs_2": refunded(1_000)}
    both = CompareGroup(ACCOUNT, group, ledger, refunds, {})()
    assert {one.purchase_id: one.credits for one in both} == {"cs_1": 50, "cs_2": 100}


def test_a_grant_of_a_purchase_that_is_no_longer_known_has_no_currency() -> None:
    group = Group([], [given()])
    found = CompareGroup(ACCOUNT, group, {}, {}, {})()
    assert [(one.kind, one.currency) for one in found] == [("payment_without_grant", "")]


def test_payments_are_compared_by_amount_and_currency() -> None:
    assert payment_differences(Payment("in_1", 1_000, "usd"), ACCOUNT, [Stake(), STAKE]) == []
    assert payment_differences(Payment("in_1", 0, "usd"), ACCOUNT, [Stake()]) == []
    [other] = payment_differences(Payment("in_1", 1_000, "eur"), ACCOUNT, [Stake(), STAKE])
    assert (other.kind, other.stripe_minor, other.recorded_minor) == ("payment_amount_differs", 1_000, 1_000)
    lost = not_recorded(Payment("in_1", 1_000, "usd"), ACCOUNT, [purchase(), purchase()])
    assert (lost.kind, lost.credits, lost.stripe_minor) == ("payment_without_grant", 200, 1_000)


def test_mismatches_of_one_kind_and_id_are_one() -> None:
    def one(detail: str, stripe_id: str = "cs_1") -> Mismatch:
        return Mismatch(
            kind="granted_credits_differ",
            stripe_id=stripe_id,
            purchase_id=stripe_id,
            account_id=ACCOUNT,
            detail=detail,
            credits=10,
        )

    both = merged([one("a"), one("b"), one("a"), one("c", "cs_2")])
    assert [(mismatch.detail, mismatch.credits) for mismatch in both] == [("a; b", 30), ("c", 10)]
