"""Receive an event: verify, store, send a hint. Everything else happens after Stripe has its answer."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from oslira_shared.errors import OsliraError
from oslira_shared.outside_text import storable_json_text

from oslira_billing.application.ports import Hints, Inbox
from oslira_billing.domain.event import StripeEvent, parse_event
from oslira_billing.domain.signature import verify_signature


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveWebhook:
    """`secrets`: the current ones; several during a rotation. `now_s`: the clock that Stripe's signatures are checked against."""

    inbox: Inbox
    hints: Hints
    secrets: Callable[[], Sequence[str]]
    livemode: bool
    now_s: Callable[[], float]

    async def __call__(self, body: bytes, signature: str | None) -> bool:
        """Whether the event is new. Raises OsliraError: invalid_signature, invalid_request, livemode_mismatch, unavailable."""
        verify_signature(body, signature, self.secrets(), now_s=self.now_s())
        event, text = _read(body)
        if event.livemode is not self.livemode:
            raise OsliraError(
                "livemode_mismatch", f"this environment takes livemode={self.livemode} events only"
            )
        row_id = await self.inbox.store(event, text)
        if row_id is None:
            return False
        await self.hints.announce(row_id, "received", 0)
        return True


def _read(body: bytes) -> tuple[StripeEvent, str]:
    try:
        # Stripe accepts any text; an event that we reject is delivered again for three days and then never.
        text = storable_json_text(body.decode(errors="replace"))
        return parse_event(json.loads(text)), text
    except (ValueError, RecursionError) as error:
        raise OsliraError("invalid_request", "the body is not JSON") from error
