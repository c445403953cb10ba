"""The headers of a delivery, according to Standard Webhooks."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from standardwebhooks.webhooks import Webhook


def signed_headers(secrets: Sequence[str], *, event_id: UUID, sent_at: datetime, body: str) -> dict[str, str]:
    """`webhook-id` is the event's id, the same in each attempt; `sent_at` is the attempt's time. One signature per secret."""
    moment = sent_at.astimezone(UTC)  # the library treats any other zone as UTC
    signatures = [Webhook(secret).sign(str(event_id), moment, body) for secret in secrets]
    return {
        "webhook-id": str(event_id),
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
