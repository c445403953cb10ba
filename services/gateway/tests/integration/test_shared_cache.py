"""The profile cache is shared by all accounts; it does not show what other accounts have analysed."""

import json
from typing import Any

import pytest
from oslira_devstack.make_user import sign_token

SECRET = "a secret that is long enough for HS256 to be worth something"
PATHS = ("/v1/runs/{run}", "/v1/runs/{run}/receipt", "/v1/runs", "/v1/leads", "/v1/credits/transactions")


def as_operator(user: Any) -> dict[str, str]:
    token = sign_token(SECRET, user_id=user.made.user_id, email="ops@example.com", is_operator=True)
    return {"authorization": f"Bearer {token}"}


async def completed(world: Any, user: Any) -> str:
    accepted = (await world.post(user=user)).json()
    events = await world.all_events(accepted["events_url"])
    assert events[-1]["status"] == "completed"
    assert {event["is_from_cache"] for event in events} == {None}
    return accepted["run_id"]


def shape(value: Any) -> Any:
    """An answer without what differs between any two analyses: which fields have a value at all."""
    if isinstance(value, dict):
        return {name: shape(part) for name, part in value.items() if name not in {"result", "steps"}}
    if isinstance(value, list):
        return [shape(part) for part in value[:1]]
    return value is None


@pytest.mark.timeout(120)
async def test_a_member_sees_the_same_whether_or_not_another_account_had_the_profile(world: Any) -> None:
    first = await completed(world, world.user)
    second = await completed(world, world.stranger)
    seen: list[list[Any]] = []
    for run, user in ((first, world.user), (second, world.stranger)):
        answers = [await world.http.get(path.format(run=run), headers=user.headers) for path in PATHS]
        assert [answer.status_code for answer in answers] == [200] * len(PATHS)
        seen.append([shape(answer.json()) for answer in answers])
    assert json.dumps(seen[0]) == json.dumps(seen[1])

    # It was from the cache, and operators see that.
    receipt = (await world.http.get(f"/v1/runs/{second}/receipt", headers=as_operator(world.stranger))).json()
    assert receipt["scrape"]["source"] == "cache"
    run = (await world.http.get(f"/v1/runs/{second}", headers=as_operator(world.stranger))).json()
    assert run["is_from_cache"] is True
    refused = await world.http.get("/v1/insights/cache", headers=world.stranger.headers)
    assert refused.status_code == 403
    hits = (await world.http.get("/v1/insights/cache", headers=as_operator(world.stranger))).json()
    assert hits["totals"]["profiles"]["hits"] == 1
