"""One attempt of one delivery: sign, send, record the result."""

from dataclasses import dataclass

import structlog

from oslira_gateway.webhooks.answer import Answer, DeliveryProblem
from oslira_gateway.webhooks.metrics import SENT
from oslira_gateway.webhooks.ports import ClaimedDelivery, Outbox, Sender
from oslira_gateway.webhooks.schedule import Chance, next_try_s
from oslira_gateway.webhooks.signature import signed_headers
from oslira_gateway.webhooks.signing_secret import Keyring, UnreadableSecret

_LOG = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Deliver:
    """A crash between the request and its record repeats the request: receivers recognise it by `webhook-id`."""

    outbox: Outbox
    sender: Sender
    keyring: Keyring
    chance: Chance

    async def __call__(self, delivery: ClaimedDelivery) -> None:
        """Does not raise for any answer of the receiver."""
        answer = await self._send(delivery)
        SENT.labels(answer.problem or "delivered").inc()
        _LOG.info(
            "webhook_sent",
            endpoint_id=str(delivery.endpoint_id),
            event_id=str(delivery.event_id),
            status=answer.status,
            problem=answer.problem,
        )
        if answer.problem is None:
            await self.outbox.delivered(delivery, answer)
            return
        delay_s = (
            None
            if answer.problem is DeliveryProblem.GONE
            else next_try_s(delivery.failures, retry_after_s=answer.retry_after_s, chance=self.chance)
        )
        await self.outbox.failed(delivery, answer, next_try_s=delay_s)

    async def _send(self, delivery: ClaimedDelivery) -> Answer:
        try:
            secrets = [self.keyring.open(sealed, delivery.endpoint_id) for sealed in delivery.sealed_secrets]
        except UnreadableSecret:
            _LOG.exception("webhook_secret_unreadable", endpoint_id=str(delivery.endpoint_id))
            return Answer(problem=DeliveryProblem.SECRET)
        headers = signed_headers(
            secrets, event_id=delivery.event_id, sent_at=delivery.claimed_at, body=delivery.body
        )
        return await self.sender.post(delivery.url, headers, delivery.body)
