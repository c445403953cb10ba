"""Cases from public bug reports, if they are available: the expected effect of each event."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

CASES = Path(__file__).parents[5] / "shared" / "data" / "cases"


def event_of(number: int) -> dict[str, Any] | None:
    found = sorted(CASES.glob(f"{number}-*/event.json"))
    return json.loads(found[0].read_text()) if found else None


def account_of(event: dict[str, Any]) -> UUID:
    described = event["data"]["object"]
    details = (described.get("parent") or {}).get("subscription_details") or {}
    named = (described.get("metadata") or {}).get("account_id") or (details.get("metadata") or {}).get(
        "account_id"
    )
    return UUID(named)


async def left_by(office: Any, number: int, *, state: str, granted: list[int]) -> None:
    """An event of that case ends in this state, and its account has these grants."""
    event = event_of(number)
    if event is None:
        return
    row_id = await office.receive(event)
    found, _, reason = await office.world.event(row_id)
    assert found == state, (number, reason)
    grants = await office.world.grants(account_of(event))
    assert sorted(amount for _, amount in grants.values()) == granted, number


async def test_an_older_version_ends_dead_and_nothing_is_granted_in_silence(office: Any) -> None:
    await left_by(office, 70, state="dead", granted=[])


async def test_more_lines_than_an_event_carries_are_asked_for(office: Any) -> None:
    await left_by(office, 72, state="dead", granted=[])


async def test_three_units_grant_three_times(office: Any) -> None:
    await left_by(office, 73, state="done", granted=[750])


async def test_a_trial_grants_what_the_plan_says_for_one(office: Any) -> None:
    await left_by(office, 74, state="done", granted=[25])


async def test_a_coupon_to_zero_is_a_sale(office: Any) -> None:
    await left_by(office, 80, state="done", granted=[100])


async def test_an_upgrade_in_mid_month_grants_the_rest_of_the_difference(office: Any) -> None:
    # 15 of the 31 days until 13 December are left.
    event = event_of(81)
    if event is not None:
        period = event["data"]["object"]["lines"]["data"][0]["period"]
        share = (period["end"] - period["start"]) / (30 * 86_400)
        await left_by(office, 81, state="done", granted=[round(1_250 * share)])


async def test_a_year_of_the_same_plan_grants_its_first_month(office: Any) -> None:
    await left_by(office, 82, state="done", granted=[1_500])


async def test_another_platforms_account_grants_nothing(office: Any) -> None:
    await left_by(office, 84, state="ignored", granted=[])


async def test_a_test_clock_in_2030_is_taken(office: Any) -> None:
    await left_by(office, 86, state="done", granted=[250])


async def test_what_is_not_ours_or_changes_nothing_is_quiet(office: Any) -> None:
    for number, state in ((79, "received"), (83, "ignored"), (87, "received")):
        event = event_of(number)
        if event is not None:
            assert (await office.world.event(await office.receive(event)))[0] == state
