"""The daily clean-up, the gateway's part: deleted business profiles and accounts, expired idempotency keys, old insights."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from oslira_shared.jobs import JobProgress
from oslira_shared.postgres.batches import delete_batch
from oslira_shared.postgres.clients import AdminClient

_BATCHES: Final[Mapping[str, str]] = {
    # Anonymous uses of a network count for their day only.
    "anonymous_uses": """
        delete from identity.anonymous_uses where (day, network) in (
          select day, network from identity.anonymous_uses where day < (now() at time zone 'UTC')::date
           limit $1 for update skip locked)
    """,
    "business_profiles": """
        delete from identity.business_profiles where id in (
          select id from identity.business_profiles where deleted_at < now() - interval '30 days'
           limit $1 for update skip locked)
    """,
    # Deletes all rows of an account, and users without another account. Its id stays: the ledger's entries refer to it, and other
    # services purge by it. Few at a time, since one account may have many rows.
    "accounts": """
        with due as (
          select id, deleted_at from identity.accounts where deleted_at < now() - interval '30 days'
           limit least($1, 20) for update skip locked
        ), tombstone as (
          insert into identity.purged_accounts (account_id, deleted_at) select id, deleted_at from due
          on conflict do nothing
        ), forgotten as (
          delete from identity.users u
           where u.id in (select m.user_id from identity.members m join due on due.id = m.account_id)
             and not exists (select from identity.members m where m.user_id = u.id and m.account_id not in (select id from due))
        ), gone as (
          delete from identity.accounts a using due where a.id = due.id returning a.id
        )
        select count(*) from gone
    """,
    "webhook_deliveries": """
        delete from identity.webhook_deliveries where id in (
          select id from identity.webhook_deliveries where state <> 'pending' and created_at < now() - interval '30 days'
           limit $1 for update skip locked)
    """,
    # A day after they expired: until then a late repetition still finds its generation.
    "idempotency": """
        delete from identity.idempotency where (account_id, key) in (
          select account_id, key from identity.idempotency where expires_at < now() - interval '24 hours'
           limit $1 for update skip locked)
    """,
    # E-mail addresses of people who may never have accepted.
    "invitations": """
        delete from identity.invitations where id in (
          select id from identity.invitations where expires_at < now() - interval '30 days'
           limit $1 for update skip locked)
    """,
    # Data points arrive within an hour or never: after that their batch is not delivered again.
    "points": """
        delete from insights.points where ctid in (
          select ctid from insights.points where at < now() - interval '7 days' limit $1 for update skip locked)
    """,
    "point_batches": """
        delete from insights.batches where batch_id in (
          select batch_id from insights.batches where stored_at < now() - interval '8 days'
           limit $1 for update skip locked)
    """,
    "hourly_insights": """
        delete from insights.hourly where ctid in (
          select ctid from insights.hourly where hour < now() - interval '400 days' limit $1 for update skip locked)
    """,
    "insights_of_purged_accounts": """
        delete from insights.hourly where ctid in (
          select h.ctid from identity.purged_accounts p join insights.hourly h on h.account_id = p.account_id
           limit $1 for update of h skip locked)
    """,
    "sign_outs": """
        delete from identity.sign_outs where (user_id, session) in (
          select user_id, session from identity.sign_outs where signed_out_at < now() - interval '30 days'
           limit $1 for update skip locked)
    """,
    "sign_up_networks": """
        delete from identity.sign_up_networks where (day, network) in (
          select day, network from identity.sign_up_networks where day < (now() at time zone 'UTC')::date - 1
           limit $1 for update skip locked)
    """,
}


class DailyCleanup:
    """A job for all accounts, so it uses the service's own client."""

    def __init__(self, client: AdminClient) -> None:
        self._client = client

    async def __call__(self, _slot: datetime, progress: JobProgress) -> None:
        """Returns deleted rows by table. An error in one table does not stop the others."""
        for table, statement in _BATCHES.items():
            await progress.empty(table, lambda statement=statement: delete_batch(self._client, statement))
