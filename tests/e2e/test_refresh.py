"""Refreshing leads."""

import asyncio

import asyncpg
from oslira_devstack.access import access_to
from oslira_devstack.stack import Stack
from people import Person, differences, foreign_id, person


async def _refresh(user: Person, lead_id: str, *, status: int = 202) -> dict[str, str]:
    answer = await user.client.http.post(f"/v1/leads/{lead_id}/refresh")
    assert answer.status_code == status, answer.text
    body: dict[str, str] = answer.json()
    return body


async def _let_time_pass(stack: Stack, username: str) -> None:
    """Six minutes since the profile was fetched."""
    access = access_to(stack.describe(), stack.credentials)
    analysis = await asyncpg.connect(access.database_url("analysis_service"))
    try:
        await analysis.execute(
            "update analysis.scrapes set ended_at = ended_at - interval '6 minutes' where username = $1",
            username,
        )
    finally:
        await analysis.close()


async def test_a_refresh_of_what_was_fetched_a_moment_ago_returns_its_run_and_charges_nothing(
    stack: Stack,
) -> None:
    async with person(stack, available_credits=5) as user, person(stack, available_credits=5) as other:
        run = await user.settled((await user.analyze("just.fetched"))[1]["run_id"])
        again = await _refresh(user, run["lead_id"], status=200)
        assert (again["run_id"], again["lead_id"], again["status"]) == (
            run["run_id"],
            run["lead_id"],
            "completed",
        )
        # From the cache, so of the same item: it is the newest too.
        theirs = await other.settled((await other.analyze("just.fetched"))[1]["run_id"])
        assert (await _refresh(other, theirs["lead_id"], status=200))["run_id"] == theirs["run_id"]
        assert (await user.client.balance())["available"] == 4
        # Another type, or a business that says something else, is something new.
        answer = await user.client.http.post(f"/v1/leads/{run['lead_id']}/refresh?type=deep")
        assert answer.status_code == 202
        await user.settled(answer.json()["run_id"])
        path = f"/v1/business-profiles/{user.who.business_profile_id}"
        version = (await user.client.http.get(path)).headers["etag"]
        changed = await user.client.http.patch(
            path, json={"offer": "Bread and cakes"}, headers={"if-match": version}
        )
        assert changed.status_code == 200, changed.text
        answer = await user.client.http.post(f"/v1/leads/{run['lead_id']}/refresh?type=light")
        assert answer.status_code == 202
        assert (await user.settled(answer.json()["run_id"]))["run_id"] != run["run_id"]
    assert await differences(stack) == []


async def test_a_refreshed_lead_is_analysed_again_and_shows_what_changed(stack: Stack) -> None:
    async with person(stack, available_credits=5) as user, person(stack) as other:
        _, first = await user.analyze("refreshed.lead")
        run = await user.settled(first["run_id"])
        lead_id = run["lead_id"]
        assert run["result"]["changes"] is None
        assert (await user.client.receipt(first["run_id"]))["is_new_lead"] is True
        # The same order again would return what is fresh; a refresh does not once the profile may have changed. Several at once
        # are one run.
        await _let_time_pass(stack, "refreshed.lead")
        answers = await asyncio.gather(*(_refresh(user, lead_id) for _ in range(4)))
        run_ids = {answer["run_id"] for answer in answers}
        assert len(run_ids) == 1
        again = await user.settled(run_ids.pop())
        assert (again["status"], again["lead_id"]) == ("completed", lead_id)
        assert again["run_id"] != first["run_id"]
        changes = again["result"]["changes"]
        assert changes["since"]
        assert {"score", "parts", "followers", "channels_gained", "new_red_flags"} <= changes.keys()
        receipt = await user.client.receipt(again["run_id"])
        assert (receipt["is_new_lead"], receipt["lead_id"]) == (False, lead_id)
        assert (await user.client.balance())["available"] == 3
        for account, thing in ((other, lead_id), (user, foreign_id()), (user, "nonsense")):
            answer = await account.client.http.post(f"/v1/leads/{thing}/refresh")
            assert (answer.status_code, answer.json()["code"]) == (404, "lead_not_found")
    assert await differences(stack) == []
