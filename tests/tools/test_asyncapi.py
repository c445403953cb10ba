"""A service's document matches its wiring: what it receives, answers and sends, and nothing else."""

import json
from typing import Any

import pytest
from oslira_shared.bus.subscription import Subscription
from oslira_shared.bus.topology import CONSUMERS, OWNERS
from oslira_shared.contracts.analysis import v1 as analysis
from oslira_shared.contracts.credits import v1 as credits_
from oslira_shared.contracts.subjects import CARRIED, owner_of
from oslira_tools.asyncapi.document import document_of
from oslira_tools.asyncapi.operations import Unwired, operations_of, require_answered
from repository import ASYNCAPI

OUTCOMES = CONSUMERS["credits_outcomes"]
HOLD = Subscription((credits_.HOLD,), {"request": credits_.HoldRequest, "return": credits_.Held})
ENDINGS = Subscription(OUTCOMES.filters, {"message": analysis.HoldEnded, "return": None}, consumer=OUTCOMES)


def committed() -> dict[str, Any]:
    return {path.stem: json.loads(path.read_text()) for path in ASYNCAPI.glob("*.json")}


def test_a_document_holds_what_is_heard_said_asked_and_answered() -> None:
    document = document_of("credits", operations_of("credits", [HOLD, ENDINGS]))
    assert {name for name in document["operations"] if "dead" not in name} == {
        "receive.credits.rpc.hold",
        "receive.analysis.evt.run_ended.v1",
        "receive.analysis.evt.bulk_ended.v1",
        "send.credits.evt.settled.v1",
        "send.credits.evt.granted.v1",
        "send.credits.evt.low_balance.v1",
    }
    answer = document["operations"]["receive.credits.rpc.hold"]["reply"]["channel"]["$ref"]
    (envelope,) = document["channels"][answer.rpartition("/")[2]]["messages"]
    result = document["components"]["schemas"][envelope]["properties"]["result"]
    assert {"$ref": "#/components/schemas/Held"} in result["anyOf"]
    # Read as HoldEnded, but what travels is the owner's contract.
    ended = document["channels"]["analysis.evt.run_ended.v1"]["messages"]
    assert list(ended) == ["RunEnded"]


def test_every_reference_leads_somewhere() -> None:
    document = document_of("credits", operations_of("credits", [HOLD, ENDINGS]))

    def follow(node: Any) -> None:
        if isinstance(node, dict):
            if isinstance(reference := node.get("$ref"), str):
                found: Any = document
                for part in reference.removeprefix("#/").split("/"):
                    found = found[part]
            for value in node.values():
                follow(value)
        elif isinstance(node, list):
            for value in node:
                follow(value)

    follow(document)


@pytest.mark.parametrize(
    "subscription",
    [
        Subscription((credits_.HOLD,), {"request": credits_.BalanceRequest, "return": credits_.Held}),
        Subscription((credits_.HOLD,), {"request": credits_.HoldRequest, "return": credits_.Balance}),
        Subscription(("credits.rpc.rumour",), {"request": credits_.HoldRequest, "return": credits_.Held}),
        Subscription(OUTCOMES.filters, {"message": credits_.Settled, "return": None}, consumer=OUTCOMES),
    ],
    ids=["other_question", "other_answer", "no_contract", "more_than_is_sent"],
)
def test_a_handler_with_another_contract_is_an_error(subscription: Subscription) -> None:
    with pytest.raises(Unwired):
        operations_of("credits", [subscription])


def test_a_request_without_a_responder_is_found() -> None:
    with pytest.raises(Unwired, match="no responders"):
        require_answered({"credits": operations_of("credits", [HOLD])})


def test_the_committed_documents_hold_every_subject_at_its_owner_and_every_consumer_at_its_puller() -> None:
    documents = committed()
    assert documents.keys() == set(OWNERS)
    for subject in CARRIED:
        channels = documents[owner_of(subject)]["channels"]
        assert subject.replace("*", "run_id") in channels
    for consumer in CONSUMERS.values():
        operations = documents[consumer.owner]["operations"]
        for subject in consumer.filters:
            assert operations[f"receive.{subject}"]["x-consumer"]["name"] == consumer.name
