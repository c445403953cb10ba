"""A service's connection to the bus. It reconnects without limit, and reports when the bus is unreachable."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final, TypeVar

import structlog
from faststream import AckPolicy
from faststream.nats import JStream, NatsBroker, PullSub
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext

from oslira_shared.bus.backlog import waiting_since
from oslira_shared.bus.disposition import decode, disposition_middleware, typed
from oslira_shared.bus.draining import answer_the_rest
from oslira_shared.bus.first_connection import CertificateCheck
from oslira_shared.bus.guard import ConsumerGuard
from oslira_shared.bus.identity import IdentityCheck, NotOurCredential, is_login_rejected
from oslira_shared.bus.login import Login, needs_tls
from oslira_shared.bus.permissions import inbox_of
from oslira_shared.bus.requests import ReplyT, send_request
from oslira_shared.bus.storing import PUBLISH_S, StreamStore
from oslira_shared.bus.subscription import Subscription
from oslira_shared.bus.topology import CONSUMERS, stream_of
from oslira_shared.contracts.base import Contract
from oslira_shared.contracts.envelope import Reply
from oslira_shared.contracts.subjects import require_carried
from oslira_shared.ending import end_all
from oslira_shared.errors import OsliraError
from oslira_shared.observability import metrics, trace
from oslira_shared.observability.server_words import server_words

_LOG = structlog.get_logger()
_CONNECT_GRACE_S: Final = 1.0
HandlerT = TypeVar("HandlerT", bound=Callable[..., Awaitable[Any]])


class Bus:
    """Declare consumers and responders, then `start()`."""

    def __init__(
        self,
        url: str,
        *,
        service: str,
        patience_s: float = 0.0,
        login: Login | None = None,
        must_be_limited: bool = False,
        on_closed: Callable[[], Awaitable[None]] | None = None,
        on_refused: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        """`url` may hold user and password instead of a login with a seed.

        `patience_s`: how long a request without responders is sent again, while its responder is replaced, in addition to
        the request's own time limit, which is for the answer. `must_be_limited`: reject a credential without limits.
        `on_closed` runs if the client closes permanently (it should not); `on_refused` with the reason if the bus doesn't
        know us as `service`, or we don't trust its certificate: nothing is served then.
        """
        self.service = service
        self._wait_limit_s = patience_s
        self._url, self._on_refused = url, on_refused
        self._inbox_prefix = inbox_of(service)
        self._identity = IdentityCheck(service, must_be_limited=must_be_limited)
        self._certificate = CertificateCheck()
        self.broker = NatsBroker(
            url,
            security=(login or Login()).for_broker(url),
            name=f"oslira_{service}",
            inbox_prefix=self._inbox_prefix,
            max_reconnect_attempts=-1,  # the default stops after two minutes, then spins
            reconnect_time_wait=1,
            connect_timeout=2,
            ping_interval=10,
            error_cb=self._log_error,
            closed_cb=on_closed,
            logger=None,
            graceful_timeout=60.0,
            middlewares=[disposition_middleware(self._dead_letter)],
            decoder=decode,
        )
        self.store = StreamStore()
        self.subscriptions: list[Subscription] = []
        self._responders: list[Any] = []
        self._guards: list[ConsumerGuard] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._on_connected: list[Callable[[], Awaitable[None]]] = []
        self._client: Client | None = None

    def consumer(self, name: str) -> Callable[[HandlerT], HandlerT]:
        """Handle messages of the topology's consumer `name`, one at a time. Acked when the handler returns."""
        consumer = CONSUMERS[name]
        subscriber: Any = self.broker.subscriber(
            consumer.filters[0] if len(consumer.filters) == 1 else f"{consumer.stream.lower()}.>",
            durable=consumer.name,
            stream=JStream(consumer.stream, declare=False),
            # timeout=None would never resume after a broker restart
            pull_sub=PullSub(batch_size=1, timeout=1.0),
            ack_policy=AckPolicy.MANUAL,
            no_reply=True,  # it would answer to a `reply_to` header of the publisher's choice
            inbox_prefix=f"{self._inbox_prefix}.".encode(),  # pull subscriptions ignore the broker's
            title=consumer.name,
        )
        metrics.MESSAGES.labels(consumer.name, "dead")  # 0, or an alert would miss the first
        self._guards.append(ConsumerGuard(consumer, subscriber))

        def register(handler: HandlerT) -> HandlerT:
            self.subscriptions.append(
                Subscription(consumer.filters, handler.__annotations__, consumer=consumer)
            )
            subscriber(typed(handler))
            return handler

        return register

    def responder(self, subject: str) -> Callable[[HandlerT], HandlerT]:
        """Answer requests on `subject`, shared among this service's replicas."""
        subscriber: Any = self.broker.subscriber(subject, queue=self.service, max_workers=32, title=subject)
        self._responders.append(subscriber)

        def register(handler: HandlerT) -> HandlerT:
            self.subscriptions.append(Subscription((subject,), handler.__annotations__))

            async def enveloped(request: Any) -> Any:
                return Reply[Any](result=await handler(request))

            enveloped.__annotations__ = handler.__annotations__
            subscriber(typed(enveloped))
            return handler

        return register

    def on_connected(self, callback: Callable[[], Awaitable[None]]) -> None:
        """Run `callback` after the first connection (plain subscriptions survive reconnects automatically)."""
        self._on_connected.append(callback)

    async def start(self) -> None:
        """Return at once; connect in the background, without a limit."""
        self._tasks.append(asyncio.create_task(self._connect(), name="bus-connect"))

    async def _connect(self) -> None:
        try:
            self._client = await self._reach()
        except NotOurCredential as error:
            _LOG.error("bus_refused", reason=str(error))  # the reason is complete
            if self._on_refused is not None:
                await self._on_refused(str(error))
            await self.broker.stop()
            return
        for subscriber in self._responders:
            await subscriber.start()
        jetstream = self.jetstream
        self._tasks += [
            asyncio.create_task(guard.run(jetstream), name=guard.consumer.name) for guard in self._guards
        ]
        for callback in self._on_connected:
            await callback()
        _LOG.info("bus_connected")

    async def _reach(self) -> Client:
        while True:
            try:
                client = await self._certificate.run(self.broker.connect())
                await self._identity.run(client, needs_tls=needs_tls(self._url))
            except NotOurCredential:
                raise
            except Exception as error:  # any other error: a service survives an outage of its bus
                if is_login_rejected(error):
                    raise NotOurCredential(f"the bus does not know {self.service}'s credential") from error
                _LOG.warning("nats_unreachable", reason=server_words(error))
                await asyncio.sleep(1)
            else:
                return client

    async def stop_pulling(self) -> None:
        """Consume no more messages, and let handlers finish. Requests are still answered, and publishing still works."""
        if self._client is None and self._tasks:
            # A client that is cancelled while it connects never closes its socket.
            await asyncio.wait(self._tasks, timeout=_CONNECT_GRACE_S)
        await end_all(self._tasks)
        await asyncio.gather(*(guard.pause() for guard in self._guards))

    async def stop(self) -> None:
        """Stop pulling and answering, let handlers finish, drain what is unsent."""
        await self.stop_pulling()
        if self._client is None:
            return
        try:
            if self.is_connected:
                await asyncio.gather(*(answer_the_rest(responder) for responder in self._responders))
            await self.broker.stop()
        except NatsError as error:
            # There is no server to drain to; a sweep sends the hints again.
            _LOG.warning("bus_not_drained", reason=server_words(error))
            await self._client.close()

    @property
    def is_connected(self) -> bool:
        """Whether the server is connected right now."""
        return self._client is not None and self._client.is_connected

    @property
    def client(self) -> Client:
        """The plain nats-py client. Raises OsliraError `unavailable` before the first connection."""
        if self._client is None:
            raise OsliraError("unavailable", "the message bus has not been reached yet")
        return self._client

    @property
    def jetstream(self) -> JetStreamContext:
        """JetStream over the same connection."""
        return self.client.jetstream(timeout=PUBLISH_S)

    def _connected(self) -> Client:
        if not self.is_connected:
            raise OsliraError("unavailable", "the message bus is not connected")
        return self.client

    async def waiting_since(self, consumer: str) -> datetime | None:
        """When the oldest message that waits for this consumer was stored; see bus/backlog.py. None while not connected."""
        return await waiting_since(self.jetstream, consumer) if self.is_connected else None

    def state(self) -> str:
        """`ok`, or what is missing, for /health/ready."""
        if not self.is_connected:
            return "not connected"
        paused = [guard.consumer.name for guard in self._guards if not guard.is_pulling]
        waiting = f"waiting for consumers: {', '.join(paused)}" if paused else None
        return "; ".join(filter(None, (waiting, self.store.problem()))) or "ok"

    async def publish(
        self, subject: str, message: Contract, *, msg_id: str, ttl_s: int = 0, timeout_s: float = PUBLISH_S
    ) -> None:
        """Store `message` in its stream. Raises OsliraError `unavailable` when that isn't confirmed in time.

        `ttl_s`: how long it is kept, if not as long as its stream keeps the rest. Unconfirmed is not the same as not stored:
        callers leave a row whose sweep publishes again.
        """
        require_carried(subject, message)
        self._connected()
        lifetime = {"Nats-TTL": str(ttl_s)} if ttl_s else {}
        await self.store.publish(
            self.jetstream,
            subject,
            message.model_dump_json().encode(),
            stream=stream_of(subject),
            headers={"Nats-Msg-Id": msg_id, **lifetime, **trace.headers()},
            timeout_s=timeout_s,
        )

    async def request(
        self, subject: str, message: Contract, reply: type[ReplyT], *, timeout_s: float = 5.0
    ) -> ReplyT:
        """Request another service. Raises the OsliraError in its reply, or `unavailable` without an answer in time."""
        started, outcome = time.monotonic(), "ok"
        try:
            with trace.span(subject, kind="client"):
                return await send_request(
                    self._connected(),
                    subject,
                    message,
                    reply,
                    wait_limit_s=self._wait_limit_s,
                    timeout_s=timeout_s,
                )
        except OsliraError as error:
            outcome = error.code
            raise
        except asyncio.CancelledError:
            outcome = "cancelled"
            raise
        finally:
            metrics.REQUEST_SECONDS.labels(subject, outcome).observe(time.monotonic() - started)

    async def _dead_letter(self, subject: str, body: bytes, headers: dict[str, str]) -> None:
        await self.store.publish(self.jetstream, subject, body, stream="DEAD", headers=headers)

    async def _log_error(self, error: Exception) -> None:
        # Permission violations are reported only here; a caller sees a timeout.
        self._identity.hear(error)
        self._certificate.hear(error)
        _LOG.warning("bus_error", reason=server_words(error))
