"""One try of one delivery: sign, send, and write down what came of it."""

from dataclasses import dataclass

import structlog

from oslira_gateway.webhooks.answer import Answer, DeliveryProblem
from oslira_gateway.webhooks.metrics import SENT
from oslira_gateway.webhooks.ports import Outbox, Parcel, Sender
from oslira_gateway.webhooks.schedule import Chance, next_try_s
from oslira_gateway.webhooks.signature import signed_headers
from oslira_gateway.webhooks.signing_secret import Keyring, UnreadableSecret

_LOG = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Deliver:
    """A crash between the request and what is written down repeats the request: receivers tell by `webhook-id`."""

    outbox: Outbox
    sender: Sender
    keyring: Keyring
    chance: Chance

    async def __call__(self, parcel: Parcel) -> None:
        """Raises nothing for what the receiver does."""
        answer = await self._send(parcel)
        SENT.labels(answer.problem or "delivered").inc()
        _LOG.info(
            "webhook_sent",
            endpoint_id=str(parcel.endpoint_id),
            event_id=str(parcel.event_id),
            status=answer.status,
            problem=answer.problem,
        )
        if answer.problem is None:
            await self.outbox.delivered(parcel, answer)
            return
        delay_s = (
            None
            if answer.problem is DeliveryProblem.GONE
            else next_try_s(parcel.failures, retry_after_s=answer.retry_after_s, chance=self.chance)
        )
        await self.outbox.failed(parcel, answer, next_try_s=delay_s)

    async def _send(self, parcel: Parcel) -> Answer:
        try:
            secrets = [self.keyring.open(sealed, parcel.endpoint_id) for sealed in parcel.sealed_secrets]
        except UnreadableSecret:
            _LOG.exception("webhook_secret_unreadable", endpoint_id=str(parcel.endpoint_id))
            return Answer(problem=DeliveryProblem.SECRET)
        headers = signed_headers(secrets, event_id=parcel.event_id, sent_at=parcel.taken_at, body=parcel.body)
        return await self.sender.post(parcel.url, headers, parcel.body)
