"""A user's promises about refreshing leads."""

import asyncio

from oslira_devstack.stack import Stack
from people import Person, differences, foreign_id, person


async def _refresh(user: Person, lead_id: str) -> dict[str, str]:
    answer = await user.client.http.post(f"/v1/leads/{lead_id}/refresh")
    assert answer.status_code == 202, answer.text
    body: dict[str, str] = answer.json()
    return body


async def test_a_refreshed_lead_is_analysed_anew_and_says_what_changed(stack: Stack) -> None:
    async with person(stack, available_credits=5) as user, person(stack) as other:
        _, first = await user.analyze("refreshed.lead")
        run = await user.settled(first["run_id"])
        lead_id = run["lead_id"]
        assert run["result"]["changes"] is None
        assert (await user.client.receipt(first["run_id"]))["is_new_lead"] is True
        # The same order again would return what is fresh; a refresh never does. Twice at once it is one run.
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
