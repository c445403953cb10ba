"""Dead Stripe events of all accounts, for operators. Without their bodies: those hold names and addresses."""

from typing import Final

from oslira_shared.failed import FailedTable

_ITEM: Final = """
'webhook' as kind, id, account_id, created_at as at, attempt as attempts, type as code, coalesce(reason, '') as detail
"""
_NEWEST: Final = f"""
select {_ITEM} from billing.webhook_events
 where state = 'dead' and ($2::timestamptz is null or (created_at, id) < ($2, $3::uuid))
   and ($4::uuid is null or account_id = $4) and ($5::text is null or type = $5)
   -- None of them is a verdict.
   and ($6::boolean is null or not $6) and $7::text[] is not null
 order by created_at desc, id desc limit $1
"""
_ONE: Final = f"select {_ITEM} from billing.webhook_events where id = $1 and state = 'dead'"
_KEPT: Final = """
select jsonb_build_object(
  'stripe_event_id', stripe_event_id, 'livemode', livemode, 'api_version', api_version, 'failures', failures,
  'progressed_at', progressed_at, 'can_be_replayed', payload is not null)
from billing.webhook_events where id = $1
"""

FAILED_EVENTS: Final = FailedTable(_NEWEST, _ONE, _KEPT, "There is no event of this id that was given up.")
