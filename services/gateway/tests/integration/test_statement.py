"""The statement and the plans, from the rows that the ledger and billing keep."""

from typing import Any

import asyncpg
from oslira_devstack.databases import Database


async def test_a_run_stands_in_its_accounts_statement_with_the_balance_after_each_step(world: Any) -> None:
    accepted = (await world.post("@SomeBody")).json()
    await world.all_events(accepted["events_url"])
    await world.ended(accepted["run_id"])
    page = (await world.http.get("/v1/credits/transactions", headers=world.user.headers)).json()
    lines = [
        (
            one["position"],
            one["kind"],
            one["change"],
            one["spent"],
            one["available"],
            one["held"],
            one["hold_id"],
        )
        for one in page["items"]
    ]
    assert lines == [
        (3, "settle", 0, 1, 19, 0, accepted["run_id"]),
        (2, "hold", -1, 0, 19, 1, accepted["run_id"]),
        (1, "grant", 20, 0, 20, 0, None),
    ]
    second = page["items"][1]["created_at"]
    since = (
        await world.http.get("/v1/credits/transactions", params={"from": second}, headers=world.user.headers)
    ).json()
    assert [one["position"] for one in since["items"]] == [3, 2]
    until = await world.http.get(
        "/v1/credits/transactions.csv", params={"to": second}, headers=world.user.headers
    )
    assert until.text.count("\r\n") == 2
    theirs = (await world.http.get("/v1/credits/transactions", headers=world.stranger.headers)).json()
    assert [(one["position"], one["kind"]) for one in theirs["items"]] == [(1, "grant")]
    file = await world.http.get("/v1/credits/transactions.csv", headers=world.user.headers)
    assert file.text.count("\r\n") == 4


async def test_plans_are_those_that_billing_grants_by(world: Any, database: Database) -> None:
    billing = await asyncpg.connect(database.url("billing_service"))
    await billing.execute(
        "insert into billing.plans (plan, monthly_credits, trial_credits) values ('odd', 77, 7)"
    )
    await billing.close()
    plans = (await world.http.get("/v1/plans")).json()["plans"]
    assert {
        "plan": "odd",
        "monthly_credits": 77,
        "trial_credits": 7,
        "credits_expire": "never",
    }.items() <= plans[0].items()
