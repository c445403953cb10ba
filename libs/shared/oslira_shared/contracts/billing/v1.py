"""What billing owns: webhook hints and subscription news."""

from typing import Final
from uuid import UUID

from oslira_shared.contracts.base import Contract

WEBHOOK: Final = (
    "billing.cmd.webhook.v1"  # payload: contracts.work.WorkHint; the row is billing.webhook_events
)
SUBSCRIPTION_CHANGED: Final = "billing.evt.subscription_changed.v1"
CHECKOUT: Final = "billing.rpc.checkout"
PORTAL: Final = "billing.rpc.portal"


class SubscriptionChanged(Contract):
    """An account's plan or its state changed; read it from billing."""

    event_id: UUID
    account_id: UUID
