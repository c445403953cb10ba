"""Operations as an AsyncAPI 3.0 document."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from oslira_shared.contracts.base import Contract
from oslira_shared.contracts.envelope import Reply
from pydantic.json_schema import models_json_schema

from oslira_tools.asyncapi.operations import Operation

_SCHEMAS: Final = "#/components/schemas/"
_MODULES: Final = "oslira_shared__contracts__"
_INTRODUCTION: Final = (
    "What this service receives and sends on NATS. A message is JSON and only a hint: it carries ids, never authority, and unknown "
    "fields are to be ignored. Any change of a message but an added optional field is a new subject, `….v2`. A request without a "
    "version in its subject is the first. `Nats-Msg-Id` names a stored message, `traceparent` (W3C) the trace it belongs to, which is "
    "the run's id where it is about one; requests are answered at their reply subject with "
    "an envelope that holds either a result or an error."
)


def document_of(service: str, operations: Sequence[Operation]) -> dict[str, Any]:
    """Complete in itself."""
    names = _Names(operations)
    channels: dict[str, Any] = {}
    described: dict[str, Any] = {}
    for one in operations:
        key = _key(one.subject)
        channels[key] = _channel(one, names.of(one.carried.payload))
        described[f"{one.action}.{key}"] = _operation(one, names)
        if one.carried.reply is not None:
            channels[f"{key}.reply"] = {
                "address": None,
                "messages": _messages(names.of(Reply[one.carried.reply])),
            }
    return {
        "asyncapi": "3.0.0",
        "id": f"urn:oslira:{service}",
        "info": {"title": f"Oslira {service}", "version": "1", "description": _INTRODUCTION},
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": described,
        "components": {"messages": names.messages(), "schemas": names.schemas},
    }


class _Names:
    """What a document calls its messages."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        models = list(dict.fromkeys(_models(operations)))
        found, document = models_json_schema(
            [(model, "validation") for model in models], ref_template=f"{_SCHEMAS}{{model}}"
        )
        # Two contracts of one name are distinguished by their modules; their paths do not matter.
        text = json.dumps(document.get("$defs", {})).replace(_MODULES, "")
        self.schemas: dict[str, Any] = json.loads(text)
        self._names = {
            model: schema["$ref"].removeprefix(_SCHEMAS).replace(_MODULES, "")
            for (model, _), schema in found.items()
        }

    def of(self, model: type[Contract]) -> str:
        return self._names[model]

    def messages(self) -> dict[str, Any]:
        return {
            name: {
                "name": name,
                "contentType": "application/json",
                "payload": {"$ref": f"{_SCHEMAS}{name}"},
            }
            for name in self._names.values()
        }


def _models(operations: Sequence[Operation]) -> Iterator[type[Contract]]:
    for one in operations:
        yield one.carried.payload
        if one.carried.reply is not None:
            yield Reply[one.carried.reply]


def _key(subject: str) -> str:
    return subject.replace(".*", ".run_id")


def _channel(operation: Operation, message: str) -> dict[str, Any]:
    channel: dict[str, Any] = {"address": operation.subject, "messages": _messages(message)}
    if operation.subject.endswith(".*"):
        channel["address"] = operation.subject.replace("*", "{run_id}")
        channel["parameters"] = {"run_id": {"description": "The run's id."}}
    return channel


def _messages(name: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/messages/{name}"}}


def _operation(one: Operation, names: _Names) -> dict[str, Any]:
    channel = f"#/channels/{_key(one.subject)}"
    described = {
        "action": one.action,
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{names.of(one.carried.payload)}"}],
        **one.notes,
    }
    if one.carried.reply is not None:
        described["reply"] = {
            "address": {"location": "$message.header#/reply", "description": "NATS's own reply subject."},
            "channel": {"$ref": f"{channel}.reply"},
        }
    return described
