"""A run's end reaches a server of the user's own, signed, by way of the process that sends."""

from oslira_devstack.stack import Stack
from people import person
from receiver import receiving


async def test_a_runs_end_is_sent_signed_and_listed(stack: Stack) -> None:
    async with person(stack) as user, receiving() as receiver:
        made = (await user.client.http.post("/v1/webhook-endpoints", json={"url": receiver.url})).json()
        _, accepted = await user.analyze("tell.me")
        [got] = await receiver.wait_for(1)
        told = got.verified(made["secret"])
        assert told["type"] == "run.completed"
        assert told["data"]["run_id"] == accepted["run_id"]
        assert "tell.me" not in got.body  # ids alone: who wants the name asks for it
        run = await user.settled(accepted["run_id"])
        assert told["data"]["credits"] == {"charged": run["credits"]["charged"], "released": 0}
        assert told["data"]["score"] == run["result"]["score"]
        path = f"/v1/webhook-endpoints/{made['webhook_endpoint']['webhook_endpoint_id']}"
        [delivery] = (await user.client.http.get(f"{path}/deliveries")).json()["items"]
        assert (delivery["event_id"], delivery["payload"]) == (got.headers["webhook-id"], told)
