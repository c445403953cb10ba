"""Event streams in the document. OpenAPI 3.1 cannot describe server-sent events: the schema is that of each event's `data`."""

from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import Any, Final

from litestar.handlers import HTTPRouteHandler
from litestar.openapi import ResponseSpec

from oslira_gateway.http.documented import also

MEDIA_TYPE: Final = "text/event-stream"
EVENTS: Final = "events"  # opt: name of an event → type of its data
_FORMAT: Final = """Server-sent events. `data` is JSON of this schema, `event` says which of them:

```text
id: 5
event: progress
data: {"run_id": "019a0000-0000-7000-8004-000000000001", "status": "completed", …}
```

Each event is a whole snapshot. Lines that start with `:` keep the connection open. After a break, connect again and send the
last `id` as `Last-Event-ID`."""


def stream_answers(events: Mapping[str, Any]) -> dict[int, ResponseSpec]:
    """The responses of a route with these events, as Litestar's `responses`."""
    return also(200, reduce(or_, events.values()), _FORMAT, media_type=MEDIA_TYPE) | also(
        204, None, "You have the last event already; nothing will follow."
    )


def describe_stream(operation: dict[str, Any], handler: HTTPRouteHandler) -> None:
    """Add `x-events`: the data of each event."""
    events: Mapping[str, Any] | None = handler.opt.get(EVENTS)
    if events is not None:
        operation["responses"]["200"]["content"][MEDIA_TYPE]["x-events"] = {
            name: {"$ref": f"#/components/schemas/{data.__name__}"} for name, data in events.items()
        }
