"""Each breaking change of a message is found, and a new optional field is none."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from oslira_tools.message_changes import breaking_messages

SUBJECT = "credits.evt.settled.v1"
SETTLED: dict[str, Any] = {
    "type": "object",
    "required": ["hold_id", "state"],
    "properties": {
        "hold_id": {"type": "string", "format": "uuid"},
        "state": {"$ref": "#/components/schemas/State"},
        "amounts": {"type": "object", "additionalProperties": {"type": "integer"}},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
    },
}


def channel(message: str) -> dict[str, Any]:
    return {"address": "", "messages": {message: {"$ref": f"#/components/messages/{message}"}}}


DOCUMENT: dict[str, Any] = {
    "id": "urn:oslira:credits",
    "channels": {
        SUBJECT: channel("Settled"),
        "credits.rpc.hold": channel("Settled"),
        "credits.rpc.hold.reply": channel("Settled"),
        "analysis.rpc.outcome": channel("Settled"),
    },
    "operations": {
        f"send.{SUBJECT}": {"action": "send", "channel": {"$ref": f"#/channels/{SUBJECT}"}},
        "receive.credits.rpc.hold": {
            "action": "receive",
            "channel": {"$ref": "#/channels/credits.rpc.hold"},
        },
        "send.analysis.rpc.outcome": {
            "action": "send",
            "channel": {"$ref": "#/channels/analysis.rpc.outcome"},
        },
    },
    "components": {
        "messages": {"Settled": {"payload": {"$ref": "#/components/schemas/Settled"}}},
        "schemas": {"Settled": SETTLED, "State": {"type": "string", "enum": ["done", "open"]}},
    },
}

Change = Callable[[dict[str, Any]], object]


def payload(document: dict[str, Any]) -> dict[str, Any]:
    return document["components"]["schemas"]["Settled"]


def renamed(document: dict[str, Any], version: str) -> None:
    """The subject goes; another one is there instead."""
    document["channels"][version] = document["channels"].pop(SUBJECT)
    document["operations"].pop(f"send.{SUBJECT}")


BREAKING: list[tuple[str, Change, str]] = [
    ("channel", lambda new: new["channels"].pop("credits.rpc.hold"), "credits.rpc.hold is gone"),
    ("reply", lambda new: new["channels"].pop("credits.rpc.hold.reply"), "credits.rpc.hold.reply is gone"),
    (
        "unanswered",
        lambda new: new["operations"].pop("receive.credits.rpc.hold"),
        "credits does not receive it any more",
    ),
    ("field", lambda new: payload(new)["properties"].pop("note"), "note is gone"),
    ("required", lambda new: payload(new)["required"].append("note"), "note is required now"),
    ("absent", lambda new: payload(new)["required"].remove("hold_id"), "hold_id is not always there"),
    (
        "new_required",
        lambda new: (
            payload(new)["required"].append("more"),
            payload(new)["properties"].update(more={"type": "string"}),
        ),
        "more is required now",
    ),
    ("type", lambda new: payload(new)["properties"].update(hold_id={"type": "integer"}), "was string"),
    (
        "no_null",
        lambda new: payload(new)["properties"].update(note={"type": "string"}),
        "note was null or string",
    ),
    ("format", lambda new: payload(new)["properties"]["hold_id"].pop("format"), "was uuid, is of no format"),
    (
        "values",
        lambda new: payload(new)["properties"]["amounts"].update(additionalProperties={"type": "string"}),
        "amounts.* was integer",
    ),
    ("enum_less", lambda new: new["components"]["schemas"]["State"]["enum"].pop(), "has no open any more"),
    (
        "enum_more",
        lambda new: new["components"]["schemas"]["State"]["enum"].append("lost"),
        "state may be lost now",
    ),
    ("renamed", lambda new: renamed(new, "credits.evt.closed.v2"), f"{SUBJECT} is gone"),
    ("older", lambda new: renamed(new, "credits.evt.settled.v0"), f"{SUBJECT} is gone"),
]
HARMLESS: list[tuple[str, Change]] = [
    ("optional", lambda new: payload(new)["properties"].update(more={"type": "string"})),
    ("others_question", lambda new: new["channels"].pop("analysis.rpc.outcome")),
    ("versioned", lambda new: renamed(new, "credits.evt.settled.v2")),
    (
        "versioned_question",
        lambda new: new["channels"].update({"credits.rpc.hold.v2": new["channels"].pop("credits.rpc.hold")}),
    ),
    ("new_channel", lambda new: new["channels"].update({"credits.evt.more.v1": channel("Settled")})),
]


@pytest.mark.parametrize(
    ("change", "said"), [case[1:] for case in BREAKING], ids=[case[0] for case in BREAKING]
)
def test_what_others_rely_on_is_missed(change: Change, said: str) -> None:
    new = copy.deepcopy(DOCUMENT)
    change(new)
    found = breaking_messages(DOCUMENT, new)
    assert found
    assert any(said in one for one in found), found


@pytest.mark.parametrize("change", [case[1] for case in HARMLESS], ids=[case[0] for case in HARMLESS])
def test_what_others_do_not_rely_on_may_change(change: Change) -> None:
    new = copy.deepcopy(DOCUMENT)
    change(new)
    assert breaking_messages(DOCUMENT, new) == []


def test_the_same_documents_break_no_service() -> None:
    assert breaking_messages(DOCUMENT, DOCUMENT) == []
