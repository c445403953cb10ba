"""The bus operations of a service: what it subscribes to, and what the topology lets it publish and request."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from oslira_shared.bus.subscription import Subscription
from oslira_shared.bus.topology import COMMANDED_BY, REQUESTED_BY, SUBSCRIBED_BY, Consumer, stream_of
from oslira_shared.contracts.base import Contract
from oslira_shared.contracts.subjects import CARRIED, Carried, owner_of


class DeadLetter(Contract):
    """A message that could not be processed, unchanged. The headers Oslira-Subject and Oslira-Reason name subject and reason."""


_DEAD: Final = Carried(DeadLetter)


class Unwired(Exception):  # noqa: N818
    """The wiring and the contracts differ."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that a service does. `notes` are extensions (`x-…`) and bindings of the document."""

    action: Literal["receive", "send"]
    subject: str
    carried: Carried
    notes: dict[str, Any] = field(default_factory=dict)


def operations_of(service: str, subscriptions: Sequence[Subscription]) -> list[Operation]:
    """By subject. Raises Unwired where a handler reads or answers anything but the subject's contract."""
    found = [*_receives(service, subscriptions), *_says(service), *_dead_letters(subscriptions)]
    return sorted(found, key=lambda one: (one.subject, one.action))


def require_answered(operations: dict[str, list[Operation]]) -> None:
    """Raises Unwired for a contract that its owner has no handler for."""
    received = {
        (service, one.subject)
        for service, all_ in operations.items()
        for one in all_
        if one.action == "receive"
    }
    for subject, carried in CARRIED.items():
        if carried.reply is not None and (owner_of(subject), subject) not in received:
            raise Unwired(f"no responders for {subject}")


def _receives(service: str, subscriptions: Sequence[Subscription]) -> Iterator[Operation]:
    for one in subscriptions:
        for subject in one.subjects:
            carried = CARRIED.get(subject)
            if carried is None or not _fits(one, carried):
                raise Unwired(f"{service} reads {subject} as {one.takes.__name__} and answers {one.answers}")
            notes = _durable(one.consumer) if one.consumer else {"bindings": {"nats": {"queue": service}}}
            yield Operation("receive", subject, carried, notes)
    for pattern, services in SUBSCRIBED_BY.items():
        if service in services:
            yield Operation("receive", pattern, CARRIED[pattern])


def _fits(subscription: Subscription, carried: Carried) -> bool:
    """A consumer may read less than a message holds, and several messages as one."""
    if carried.reply is not None:
        return subscription.takes is carried.payload and subscription.answers is carried.reply
    needed = {name for name, known in subscription.takes.model_fields.items() if known.is_required()}
    return needed <= carried.payload.model_fields.keys()


def _durable(consumer: Consumer) -> dict[str, Any]:
    return {
        "x-consumer": {
            "name": consumer.name,
            "stream": consumer.stream,
            "ack_wait_s": consumer.ack_wait_s,
            "max_deliver": consumer.max_deliver,
        }
    }


def _says(service: str) -> Iterator[Operation]:
    for subject, carried in CARRIED.items():
        if carried.reply is not None:
            if service in REQUESTED_BY[subject]:
                yield Operation("send", subject, carried)
        elif owner_of(subject) == service or service in COMMANDED_BY.get(subject, ()):
            # Progress is stored in a bucket, and republished by the server.
            notes = {} if subject in SUBSCRIBED_BY else {"x-stream": stream_of(subject)}
            yield Operation("send", subject, carried, notes)


def _dead_letters(subscriptions: Sequence[Subscription]) -> Iterator[Operation]:
    for one in subscriptions:
        if one.consumer is not None:
            subject = f"dead.{one.consumer.stream}.{one.consumer.name}"
            yield Operation("send", subject, _DEAD, {"x-stream": "DEAD"})
