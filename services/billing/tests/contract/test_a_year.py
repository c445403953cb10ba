"""A year of customers of all kinds, against a model that knows nothing of our code: credits follow money received."""

import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from oslira_billing.application.renew_monthly import RenewMonthly
from oslira_shared.jobs import JobProgress
from stripe_customer import NoManualPlans
from stripe_plans import BEGIN, END, Act, Start
from stripe_year import KINDS, Year, shuffled

starts = st.builds(
    Start,
    day=st.integers(0, 27),
    second_of_day=st.integers(0, 86_399),
    plan=st.sampled_from(["growth", "pro", "agency"]),
    interval=st.sampled_from(["month", "month", "year"]),
    quantity=st.sampled_from([1, 1, 1, 2, 3]),
    trial_days=st.sampled_from([0, 0, 0, 7, 60]),
)
acts = st.builds(
    Act,
    kind=st.sampled_from(KINDS),
    day=st.integers(28, 360),
    first=st.integers(0, 999),
    second=st.integers(0, 86_399),
)
ends = st.one_of(
    st.none(),
    st.builds(Act, kind=st.just("delete"), day=st.integers(200, 360), first=st.just(0), second=st.just(0)),
)


async def _look(office: Any, slot: datetime) -> None:
    progress = JobProgress()
    await RenewMonthly(NoManualPlans(), office.world.inbox.records)(slot, progress)
    assert progress.reasons == []


async def _live(office: Any, year: Year, seed: int) -> None:
    """Every event once or twice in no order, and the daily job at any time in between."""
    dice = random.Random(seed)
    until = year.closed_at or END
    office.stripe.objects |= year.objects
    for event in shuffled(year, seed):
        row_id = await office.store(event)
        if row_id is not None:
            await office.apply(row_id)
        if dice.random() < 0.05:
            await _look(office, BEGIN + (until - BEGIN) * dice.random())
    for _ in range(4):
        await office.sweep(after=timedelta(minutes=20))
    await _look(office, until)
    if year.closed_at is not None:
        await office.world.close(year.account_id)
    for event in year.after_closing:
        state, _, reason = await office.world.event(await office.receive(event))
        assert (state, reason.split(":")[0]) == ("dead", "account_closed")
    await _look(office, END)


async def _compare(office: Any, year: Year, seed: int) -> None:
    await _live(office, year, seed)
    expected, frozen = year.model.credits(year.closed_at or END)
    assert await office.world.available(year.account_id) == expected
    assert await office.world.frozen(year.account_id) == frozen
    if year.closed_at is None:
        # The daily jobs of later years pass over a closed account; else each year would take longer than the one before.
        await office.world.close(year.account_id)


_SETTINGS: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": [
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
    # Without shrinking: a year takes a second on Postgres, and shrinking would try thousands.
    "phases": [Phase.explicit, Phase.reuse, Phase.generate],
}


@settings(max_examples=15, derandomize=True, **_SETTINGS)
@given(start=starts, life=st.lists(acts, max_size=14), end=ends, seed=st.integers(0, 10**6))
async def test_a_year_leaves_the_credits_that_were_paid_for(
    office: Any, start: Start, life: list[Act], end: Act | None, seed: int
) -> None:
    await _compare(office, Year(start, [*life, *([end] if end else [])]), seed)


@pytest.mark.campaign
@pytest.mark.timeout(3_000)
@settings(max_examples=1000, **_SETTINGS)
@given(start=starts, life=st.lists(acts, min_size=4, max_size=20), end=ends, seed=st.integers(0, 10**6))
async def test_a_year_of_a_thousand_customers_leaves_the_credits_that_were_paid_for(
    office: Any, start: Start, life: list[Act], end: Act | None, seed: int
) -> None:
    await _compare(office, Year(start, [*life, *([end] if end else [])]), seed)
