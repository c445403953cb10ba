"""What happens to a message after its handler: acked, requeued with a delay, or dead-lettered. None is dropped silently."""

import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

import structlog
from fast_depends.exceptions import ValidationError as CallValidationError
from faststream import BaseMiddleware
from faststream.exceptions import SkipMessage
from faststream.message import StreamMessage
from faststream.nats.message import NatsMessage
from faststream.nats.subscriber.usecases import PullStreamSubscriber
from nats.aio.msg import Msg
from pydantic import ValidationError

from oslira_shared.bus.topology import OWNERS
from oslira_shared.contracts.envelope import error_reply
from oslira_shared.errors import OsliraError
from oslira_shared.observability import metrics, trace
from oslira_shared.postgres.again import AWAY

_LOG = structlog.get_logger()
_LONGEST_DELAY_S: Final = 60.0
_MALFORMED = (ValidationError, CallValidationError)
_OUR_INBOXES: Final = tuple(f"_INBOX_{name}." for name in OWNERS)
# Set by Bus before it connects: publishes (subject, body, headers) into DEAD and awaits its PubAck.
DeadLetter = Callable[[str, bytes, dict[str, str]], Awaitable[None]]


def disposition_middleware(dead_letter: DeadLetter) -> type[BaseMiddleware]:
    """A FastStream middleware that settles messages of durable consumers and answers for responders."""

    class Disposition(BaseMiddleware):
        async def consume_scope(
            self, call_next: Callable[[StreamMessage[Msg]], Awaitable[Any]], msg: StreamMessage[Msg]
        ) -> Any:
            if not isinstance(msg, NatsMessage):  # a batch or KV message: not one of ours
                return await call_next(msg)
            subscriber: Any = self.context.get_local("handler_")
            if isinstance(subscriber, PullStreamSubscriber):
                with trace.received(msg.raw_message.headers, msg.raw_message.subject, "consumer"):
                    await _consume(msg, lambda: call_next(msg), dead_letter)
                return None
            own_subject = subscriber.subject.broker_address
            with trace.received(msg.raw_message.headers, own_subject, "server"):
                return await _answer(msg, lambda: call_next(msg), own_subject=own_subject)

    return Disposition


async def _answer(msg: NatsMessage, handle: Callable[[], Awaitable[Any]], *, own_subject: str) -> Any:
    """Every outcome becomes an envelope: the caller would see an exception only as a timeout."""
    subject, reply = msg.raw_message.subject, msg.raw_message.reply
    if subject != own_subject or not reply.startswith(_OUR_INBOXES):
        # A pull may name any reply subject, and the server delivers there messages that their author never sent to us; and an
        # answer is sent with our permissions, so it may go only to the inbox of a service.
        _LOG.warning("request_refused", subject=subject, own_subject=own_subject, reply=reply[:100])
        raise SkipMessage
    started, outcome = time.monotonic(), "ok"
    try:
        return await handle()
    except OsliraError as error:
        outcome = error.code
        return error_reply(error)
    except _MALFORMED as error:
        outcome = "invalid_request"
        _LOG.warning("request_malformed", subject=subject, problems=problem_names(error))
        return error_reply(
            OsliraError("invalid_request", f"{subject}: the request does not fit its contract")
        )
    except AWAY as error:
        # Also where our password was changed: another try may pass, and the caller says so to its own.
        outcome = "unavailable"
        _LOG.warning("responder_without_database", subject=subject, reason=type(error).__name__)
        return error_reply(OsliraError("unavailable", f"{subject}: the responder's database is unavailable"))
    except Exception:  # noqa: BLE001  # logged, and answered
        outcome = "internal"
        _LOG.exception("responder_failed", subject=subject)
        return error_reply(OsliraError("internal", f"{subject} failed; the responder's log has the reason"))
    finally:
        metrics.ANSWER_SECONDS.labels(own_subject, outcome).observe(time.monotonic() - started)


async def _consume(msg: NatsMessage, handle: Callable[[], Awaitable[Any]], dead_letter: DeadLetter) -> None:
    metadata = msg.raw_message.metadata
    subject, delivered = msg.raw_message.subject, metadata.num_delivered or 1
    started = time.monotonic()
    # By two clocks, the server's and ours: accurate to their difference.
    age_s = (datetime.now(UTC) - metadata.timestamp).total_seconds()
    metrics.MESSAGE_AGE_SECONDS.labels(metadata.consumer).observe(max(0.0, age_s))
    try:
        await handle()
    except _MALFORMED as error:
        problems = problem_names(error)
        _LOG.error("message_malformed", subject=subject, consumer=metadata.consumer, problems=problems)
        await dead_letter(
            f"dead.{metadata.stream}.{metadata.consumer}",
            msg.raw_message.data,
            {"Oslira-Subject": subject, "Oslira-Reason": f"malformed: {', '.join(problems)}"[:500]},
        )
        # Only now: after the termination the original is deleted.
        await msg.reject()
        metrics.MESSAGES.labels(metadata.consumer, "dead").inc()
    except Exception as error:  # noqa: BLE001  # logged, counted and put back
        # A nak ignores the consumer's backoff, so it carries the delay.
        delay_s = min(_LONGEST_DELAY_S, 2.0 ** min(delivered - 1, 6))
        expected = isinstance(error, AWAY) or (isinstance(error, OsliraError) and error.is_transient)
        _LOG.log(
            30 if expected else 40,
            "message_requeued",
            subject=subject,
            delivered=delivered,
            delay_s=delay_s,
            exc_info=None if expected else error,
            reason=str(error)[:300],
        )
        with suppress(Exception):  # the bus may have failed; redelivery then follows the ack-wait
            await msg.nack(delay=delay_s)
        metrics.MESSAGES.labels(metadata.consumer, "requeued").inc()
    else:
        await msg.ack()
        metrics.MESSAGES.labels(metadata.consumer, "acked").inc()
    finally:
        metrics.MESSAGE_SECONDS.labels(metadata.consumer).observe(time.monotonic() - started)


def typed(handler: Callable[[Any], Awaitable[Any]]) -> Callable[[Any], Awaitable[Any]]:
    """`handler` as FastStream expects it: its message is validated, and its own validation errors are not the message's.

    A handler that reads invalid data elsewhere must not dead-letter its message. FastStream validates by annotation,
    and leaves out parameters whose names begin with an underscore.
    """

    async def handle(message: Any) -> Any:
        try:
            return await handler(message)
        except ValidationError as error:
            # Without pydantic's own text, which shows the values.
            broken = RuntimeError(f"{error.title} does not fit: {', '.join(problem_names(error))}")
            raise broken.with_traceback(error.__traceback__) from None

    hints = [hint for name, hint in handler.__annotations__.items() if name != "return"]
    handle.__annotations__ = {"message": hints[0], "return": Any}
    return handle


def problem_names(error: Exception) -> list[str]:
    """Which fields of a payload were wrong, without their values: those may be personal."""
    if isinstance(error, ValidationError):
        return [".".join(map(str, item["loc"])) + ":" + item["type"] for item in error.errors()][:10]
    found: Any = getattr(error, "raw_errors", None) or []
    return [".".join(map(str, item.get("loc", ()))) for item in found][:10]


async def decode(message: Any, original: Callable[[Any], Awaitable[Any]]) -> Any:
    """A body that isn't JSON is passed on as bytes, so that validation rejects it instead of the client failing on it."""
    try:
        return await original(message)
    except ValueError:
        return message.body
