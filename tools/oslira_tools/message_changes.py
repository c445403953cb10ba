"""Lists what in a service's new AsyncAPI document breaks other services.

`python -m oslira_tools.message_changes OLD_DIRECTORY NEW_DIRECTORY`. Each subject is compared only in its owner's document.
Messages wait in streams while old and new processes run at the same time, and readers reject unknown values: so only optional
fields may be added, in both directions. A subject may be removed once a later version of it exists.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from oslira_tools.schema_changes import Schema, SchemaComparison

_VERSION: Final = re.compile(r"\.v(\d+)(?=\.reply$|$)")


def breaking_messages(old: Schema, new: Schema) -> list[str]:
    """One line for each thing that a client built against the old document misses."""
    return list(dict.fromkeys(_changes(old, new)))


def _changes(old: Schema, new: Schema) -> Iterator[str]:
    service = str(old["id"]).rpartition(":")[2]
    schemas = SchemaComparison(old, new, is_exact=True)
    replaced = {key for key in old["channels"] if _is_replaced(key, new)}
    for key, channel in old["channels"].items():
        if not key.startswith(f"{service}.") or key in replaced:
            continue
        if key not in new["channels"]:
            yield f"{key} is gone"
            continue
        before, after = _payload(old, channel), _payload(new, new["channels"][key])
        for is_sent in (True, False):
            yield from schemas.compare(key, before, after, is_sent=is_sent)
    for name, operation in old["operations"].items():
        key = str(operation["channel"]["$ref"]).rpartition("/")[2]
        is_missed = key in new["channels"] and name not in new["operations"]
        if key.startswith(f"{service}.") and key not in replaced and is_missed:
            yield f"{key}: {service} does not {operation['action']} it any more"


def _payload(document: Schema, channel: Schema) -> Schema:
    """A channel of ours carries one message."""
    (message,) = channel["messages"]
    payload: dict[str, Any] = document["components"]["messages"][message]["payload"]
    return payload


def _is_replaced(key: str, new: Schema) -> bool:
    family, version = _family(key)
    return key not in new["channels"] and any(
        _family(other)[0] == family and _family(other)[1] > version for other in new["channels"]
    )


def _family(key: str) -> tuple[str, int]:
    found = _VERSION.search(key)
    return _VERSION.sub("", key), int(found.group(1)) if found else 1


def main() -> int:
    """Print what breaks; 1 if anything does, including a removed document."""
    baseline, present = Path(sys.argv[1]), Path(sys.argv[2])
    status = 0
    for path in sorted(baseline.glob("*.json")):
        if not (present / path.name).exists():
            print(f"breaks others: {path.name} is gone")
            status = 1
            continue
        old, new = (json.loads(place.read_text()) for place in (path, present / path.name))
        for change in breaking_messages(old, new):
            print(f"breaks others: {change}")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
