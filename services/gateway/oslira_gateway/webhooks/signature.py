"""The headers of a delivery, by the rules of Standard Webhooks."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from standardwebhooks.webhooks import Webhook


def signed_headers(secrets: Sequence[str], *, event_id: UUID, sent_at: datetime, body: str) -> dict[str, str]:
    """`webhook-id` names the event and is the same each time it is sent; `sent_at` is this try's. One signature per secret."""
    moment = sent_at.astimezone(UTC)  # the library takes any other zone for UTC
    signatures = [Webhook(secret).sign(str(event_id), moment, body) for secret in secrets]
    return {
        "webhook-id": str(event_id),
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
