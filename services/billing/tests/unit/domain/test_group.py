"""The target state of purchases, and the changes that lead to it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given as hypothesis_given
from hypothesis import strategies as st
from oslira_billing.domain.group import Freeze, Given, Group, Move, Paid, Restore, Revoke, Unfreeze
from oslira_billing.domain.purchase import Purchase, Span, Stake

JULY = datetime(2026, 7, 1, tzinfo=UTC)


def purchase(
    name: str,
    total: int,
    *,
    day: int = 0,
    returned: int = 0,
    stake: int = 2_000,
    spans: tuple[Span, ...] = (),
) -> Purchase:
    at = JULY + timedelta(days=day)
    return Purchase(
        id=name,
        group="sub_1",
        made_at=at,
        stake=Stake(cash_minor=stake),
        total_credits=total,
        returned_credits=returned,
        returned_at=at,
        spans=spans,
    )


def given(name: str, credits_: int, *, day: int = 0, **changes: object) -> Given:
    at = JULY + timedelta(days=day)
    return replace(Given(key=f"key_{name}", purchase_id=name, credits=credits_, starts_at=at), **changes)


def stands(group: Group) -> int:
    return group.net_credits()


@pytest.mark.parametrize(
    ("back", "left"), [(0, 1_500), (1, 1_500), (999, 751), (1_000, 750), (2_000, 0), (9_000, 0)]
)
def test_credits_follow_the_money(back: int, left: int) -> None:
    group = Group([Paid(purchase=purchase("a", 1_500), back_minor=back)], [given("a", 1_500)])
    assert stands(group) == left
    assert group.moves() == ([Revoke("key_a", 1_500 - left)] if left < 1_500 else [])


amounts = st.integers(0, 10**9)


@hypothesis_given(back=amounts, more=amounts, credits_=st.integers(1, 10**6), price=st.integers(1, 10**9))
def test_more_money_back_is_never_more_credits_and_all_of_it_leaves_none(
    back: int, more: int, credits_: int, price: int
) -> None:
    def left(back_minor: int) -> int:
        paid = Paid(purchase=purchase("a", credits_, stake=price), back_minor=back_minor)
        return stands(Group([paid], [given("a", credits_)]))

    assert 0 <= left(back + more) <= left(back) <= credits_
    assert left(price) == 0


def test_free_credits_are_not_revoked() -> None:
    assert stands(Group([Paid(purchase=purchase("a", 100, stake=0), back_minor=5)], [given("a", 100)])) == 100


def test_switching_plans_to_and_fro_leaves_what_was_paid_for() -> None:
    paid, granted = [purchase("base", 250)], [given("base", 250)]
    for day in range(1, 11):
        is_up = day % 2 == 1
        paid.append(purchase(f"p{day}", 1_250, day=day, returned=0 if is_up else 1_250))
        granted += [given(f"p{day}", 1_250, day=day)] if is_up else []
    for order in (paid, paid[::-1]):
        assert stands(Group([Paid(purchase=one) for one in order], granted)) == 250


def test_returned_credits_reduce_earlier_grants_only() -> None:
    down, later = purchase("down", 0, day=5, returned=1_000), purchase("later", 300, day=9)
    group = Group([Paid(purchase=down), Paid(purchase=later)], [given("later", 300, day=9)])
    assert stands(group) == 300
    same = replace(group, given=[given("down", 1_500, day=5)])
    assert stands(same) == 1_500, "an invoice's own period comes after what it gives back"
    earlier = Paid(purchase=purchase("base", 250, day=5))
    both = Group([Paid(purchase=down), earlier], [given("base", 250, day=5), given("down", 1_500, day=5)])
    assert stands(both) == 1_500, "of another invoice at the same moment it takes"


def test_the_newest_grants_are_taken_first_and_what_was_taken_counts() -> None:
    down = purchase("down", 0, day=9, returned=1_300)
    paid = [
        Paid(purchase=purchase("base", 250)),
        Paid(purchase=purchase("up", 1_250, day=3)),
        Paid(purchase=down),
    ]
    granted = [given("base", 250), given("up", 1_250, day=3)]
    assert Group(paid, granted).moves() == [Revoke("key_up", 1_250), Revoke("key_base", 50)]
    granted = [given("base", 250), given("up", 1_250, day=3, taken_credits=1_250)]
    assert Group(paid, granted).moves() == [Revoke("key_base", 50)]


def test_a_refund_that_failed_gives_back() -> None:
    group = Group([Paid(purchase=purchase("a", 500))], [given("a", 500, taken_credits=200)])
    assert group.moves() == [Restore(200)]
    restored = given("a", 200, key="restore:1", is_restored=True)
    assert Group(group.paid, [*group.given, restored]).moves() == []


def test_an_open_dispute_freezes_and_its_end_unfreezes_after_revocations() -> None:
    open_one = Paid(purchase=purchase("a", 500), is_disputed=True)
    other = Paid(purchase=purchase("b", 100))
    granted = [given("a", 500), given("b", 100)]
    assert Group([open_one, other], granted).moves() == [Freeze("key_a")]
    frozen = [given("a", 500, frozen_under="k"), given("b", 100)]
    assert Group([open_one, other], frozen).moves() == []
    lost = Paid(purchase=purchase("a", 500), back_minor=2_000)
    expected: list[Move] = [Revoke("key_a", 500), Unfreeze("key_a")]
    assert Group([lost, other], frozen).moves() == expected


YEAR = Span(1_500, JULY, JULY, JULY.replace(year=2027))
AUGUST, SEPTEMBER = JULY.replace(month=8), JULY.replace(month=9)


def year(months_given: int, **changes: object) -> Group:
    """A year of pro, of which the first month and so many others were granted."""
    paid = Paid(purchase=purchase("y", 18_000, stake=12_000, spans=(YEAR,)))
    months = [
        given("y", 1_500, key=f"m{n}", starts_at=JULY.replace(month=7 + n), is_month=True)
        for n in range(1, months_given + 1)
    ]
    return Group([replace(paid, **changes)], [given("y", 1_500), *months])


def test_months_that_were_paid_in_advance_are_due_as_they_begin() -> None:
    assert year(0).months_due(AUGUST - timedelta(seconds=1)) == []
    assert year(0).months_due(SEPTEMBER) == [AUGUST, SEPTEMBER]
    assert year(1).months_due(SEPTEMBER) == [SEPTEMBER]
    assert len(year(0).months_due(JULY.replace(year=2030))) == 11
    assert (year(0).month(AUGUST), year(0).payer_of(AUGUST)) == (1_500, "y")


def test_of_a_year_the_months_to_come_go_back_first() -> None:
    part = year(5, back_minor=6_000)
    assert (part.net_credits(), part.moves(), part.month(JULY.replace(year=2027, month=1))) == (
        9_000,
        [],
        0,
    )
    some = year(2, back_minor=6_000)
    assert (some.net_credits(), some.month(JULY.replace(month=10))) == (4_500, 1_500)
    assert year(5, back_minor=12_000).net_credits() == 0


def test_a_month_that_is_paid_in_part_is_granted_whole_and_what_is_too_much_is_taken() -> None:
    part = year(1, back_minor=9_500)  # 14,250 of 18,000 credits: 2.5 months stay
    assert part.month(SEPTEMBER) == 1_500
    granted = year(2, back_minor=9_500)
    assert (granted.net_credits(), granted.month(JULY.replace(month=10))) == (3_750, 0)


def test_a_disputed_year_grants_no_month_until_it_is_decided() -> None:
    assert year(0, is_disputed=True).month(AUGUST) is None


@pytest.mark.parametrize("order", list(permutations(range(2))))
def test_a_change_within_a_year_changes_the_months_to_come(order: tuple[int, ...]) -> None:
    at = AUGUST + timedelta(days=15)
    ends = [Span(-1_500, JULY, at, YEAR.ends_at), Span(5_000, JULY, at, YEAR.ends_at)]
    paid = [
        Paid(purchase=purchase("y", 18_000, spans=(YEAR,))),
        Paid(purchase=purchase("up", 36_750, day=46, spans=tuple(ends))),
    ]
    group = Group([paid[number] for number in order])
    assert (group.month(AUGUST), group.month(SEPTEMBER)) == (1_500, 5_000)
    assert (group.payer_of(AUGUST), group.payer_of(SEPTEMBER)) == ("y", "up")
