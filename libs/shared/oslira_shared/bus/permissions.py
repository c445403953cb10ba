"""Permissions on the bus. They are derived from the topology; what isn't granted is denied.

Only `scheduler` may create and repair streams and consumers. `operator` is a human with a NATS client: it reads streams, consumers and
dead letters, and sends no requests, since those would not be in the audit log.
`observer` is any external service: it receives events and may publish nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from oslira_shared.bus.topology import (
    BUCKETS_READ_BY,
    COMMANDED_BY,
    CONSUMERS,
    KEYS_WRITTEN_BY,
    LIMITS_BUCKET,
    OWNERS,
    REQUESTED_BY,
    STREAMS,
    SUBSCRIBED_BY,
    Consumer,
)

PROVISIONER: Final = "scheduler"
OPERATOR: Final = "operator"
OBSERVER: Final = "observer"
USERS: Final = (*OWNERS, OPERATOR, OBSERVER)
# Returns whose credential this is; a client requests it at start.
USER_INFO: Final = "$SYS.REQ.USER.INFO"
# Who may read dead letters: the gateway shows them to operators.
LETTERS_READ_BY: Final = ("gateway", OPERATOR)


@dataclass(frozen=True, slots=True)
class Rights:
    """Subjects, with wildcards. `may_answer`: publish once to the reply subject of a message that was delivered to it."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]
    may_answer: bool = False


def inbox_of(user: str) -> str:
    """The prefix of its replies, without the trailing dot. No other identity may subscribe there."""
    return f"_INBOX_{user}"


def rights_of(user: str) -> Rights:
    """The permissions of `user`, one of USERS. Raises KeyError for any other."""
    if user == OBSERVER:
        return Rights(publish=(), subscribe=("*.evt.>",))
    inbox = f"{inbox_of(user)}.>"
    if user == OPERATOR:
        return Rights(publish=(USER_INFO, *_looks(), *_letters()), subscribe=(inbox,))
    if user not in OWNERS:
        raise KeyError(user)
    return Rights(
        publish=(
            *_says(user),
            *_asks(user),
            *_pulls(user),
            *_stores(user),
            *_provisions(user),
            *(_letters() if user in LETTERS_READ_BY else ()),
            USER_INFO,
        ),
        subscribe=(inbox, f"{user}.rpc.>", *_granted(SUBSCRIBED_BY, user)),
        may_answer=True,
    )


def _says(user: str) -> Iterator[str]:
    yield f"{user}.evt.>"
    own_commands = f"{user}.cmd.>"
    if any(own_commands in (stream.subjects or ()) for stream in STREAMS):
        yield own_commands
    yield from _granted(COMMANDED_BY, user)
    if user == PROVISIONER:
        yield "scheduler.tick.>"


def _asks(user: str) -> Iterator[str]:
    return _granted(REQUESTED_BY, user)


def _pulls(user: str) -> Iterator[str]:
    for consumer in CONSUMERS.values():
        if consumer.owner == user:
            place = f"{consumer.stream}.{consumer.name}"
            yield f"$JS.API.CONSUMER.INFO.{place}"
            yield f"$JS.API.CONSUMER.MSG.NEXT.{place}"
            yield f"$JS.ACK.{place}.>"
            yield f"dead.{place}"
            # How long its own hints have waited: see bus/backlog.py. Others' events and ticks are not its hints.
            if consumer.filters[0].startswith(f"{user}.cmd."):
                yield f"$JS.API.DIRECT.GET.{consumer.stream}"


def _stores(user: str) -> Iterator[str]:
    yield from _granted(KEYS_WRITTEN_BY, user)
    for bucket in _granted(BUCKETS_READ_BY, user):
        yield f"$JS.API.STREAM.INFO.KV_{bucket}"
        yield f"$JS.API.DIRECT.GET.KV_{bucket}"
        yield f"$JS.API.DIRECT.GET.KV_{bucket}.>"


def _provisions(user: str) -> Iterator[str]:
    # Nothing is ever purged, and only a bucket that lasts an hour may be deleted: any other repair needs an operator.
    if user != PROVISIONER:
        return
    yield f"$JS.API.STREAM.DELETE.KV_{LIMITS_BUCKET}"
    for stream in STREAMS:
        for verb in ("INFO", "CREATE", "UPDATE"):
            yield f"$JS.API.STREAM.{verb}.{stream.name}"
    for consumer in CONSUMERS.values():
        yield f"$JS.API.CONSUMER.INFO.{consumer.stream}.{consumer.name}"
        yield from _creates(consumer)


def _creates(consumer: Consumer) -> Iterator[str]:
    # The client puts the filter in the subject if there is only one.
    place = f"$JS.API.CONSUMER.CREATE.{consumer.stream}.{consumer.name}"
    yield place
    if len(consumer.filters) == 1:
        yield f"{place}.{consumer.filters[0]}"


def _looks() -> Iterator[str]:
    for stream in STREAMS:
        yield f"$JS.API.STREAM.INFO.{stream.name}"
        yield f"$JS.API.CONSUMER.INFO.{stream.name}.*"


def _letters() -> Iterator[str]:
    yield "$JS.API.STREAM.INFO.DEAD"
    yield "$JS.API.STREAM.MSG.GET.DEAD"
    yield "$JS.API.DIRECT.GET.DEAD"
    yield "$JS.API.DIRECT.GET.DEAD.>"


def _granted(table: Mapping[str, tuple[str, ...]], user: str) -> Iterator[str]:
    return (subject for subject, users in table.items() if user in users)
