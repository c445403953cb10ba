"""Personal data of deleted accounts in billing."""

from typing import Final

from oslira_shared.postgres.batches import delete_batch
from oslira_shared.postgres.clients import AdminClient

_BODIES: Final = """
    with theirs as (
      select e.id from identity.closed_accounts c join billing.webhook_events e on e.account_id = c.account_id
       where c.deleted_at < now() - interval '30 days' and e.payload is not null
         and e.state not in ('received', 'applied')
       limit $1 for update of e skip locked
    )
    update billing.webhook_events e set payload = null from theirs where e.id = theirs.id
"""
_PROBLEMS: Final = """
    delete from billing.payment_problems where stripe_invoice_id in (
      select p.stripe_invoice_id from identity.closed_accounts c join billing.payment_problems p on p.account_id = c.account_id
       where c.deleted_at < now() - interval '30 days' limit $1)
"""


class PostgresClosedAccounts:
    """Implements ClosedAccounts."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database

    async def clear_bodies(self, *, limit: int) -> int:
        return await delete_batch(self._database, _BODIES, limit=limit)

    async def clear_problems(self, *, limit: int) -> int:
        return await delete_batch(self._database, _PROBLEMS, limit=limit)
