"""Which handler answers a path, and what a provider must offer to be served."""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from oslira_simulators.wire import Call, Reply

Handler = Callable[[Call], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Route:
    """`template` as in `/v2/datasets/{}/items`; `own_faults` are the fault kinds its handler carries out itself."""

    method: str
    template: str
    handler: Handler
    own_faults: frozenset[str] = frozenset()
    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        parts = (re.escape(part) for part in self.template.split("{}"))
        object.__setattr__(self, "pattern", re.compile("([^/]+)".join(parts) + "/?"))


class Provider(Protocol):
    """One simulated API under its own root."""

    @property
    def name(self) -> str: ...

    @property
    def routes(self) -> Sequence[Route]: ...

    def refuse(self, call: Call) -> Reply | None:
        """The 401 for a call without a key."""
        ...

    def username_of(self, call: Call) -> str | None:
        """The profile that the call is about, if it is about one; faults are aimed with it."""
        ...

    def error(self, status: int, message: str) -> Reply:
        """An error in this provider's own shape."""
        ...


def find_route(routes: Sequence[Route], call: Call) -> Route | None:
    """The route that answers, with the open segments set on the call."""
    for route in routes:
        if route.method == call.method and (match := route.pattern.fullmatch(call.path)):
            call.segments = match.groups()
            return route
    return None
