"""A service's subscriptions, as they were wired: its AsyncAPI document is generated from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oslira_shared.bus.topology import Consumer
from oslira_shared.contracts.base import Contract


@dataclass(frozen=True, slots=True)
class Subscription:
    """One `consumer()` or `responder()`: its subjects, and its handler's annotations. A responder has no durable consumer."""

    subjects: tuple[str, ...]
    annotations: Mapping[str, Any]
    consumer: Consumer | None = None

    @property
    def takes(self) -> type[Contract]:
        """The type that the handler reads a message as."""
        return next(hint for name, hint in self.annotations.items() if name != "return")

    @property
    def answers(self) -> type[Contract] | None:
        """The type that the handler returns."""
        return self.annotations.get("return")
