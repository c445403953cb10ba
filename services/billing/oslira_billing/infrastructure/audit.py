"""Compares the ledger's grants with payments: each difference is reported with its ids, none is repaired."""

from typing import Final

from oslira_shared.postgres.clients import Connection

from oslira_billing.application.reconcile_invoices import Difference

# Everything that billing recorded as granted: purchases and renewals. The ledger's side: keys that only billing makes.
_BOOKED: Final = """
  booked as (
    select grant_key, account_id, credits, 'purchase ' || purchase_id as what from billing.purchase_grants
    union all
    select grant_key, account_id, credits, 'renewal of ' || subscription_id from billing.renewals
  ), granted as (
    select grant_key, account_id, credits from credits.grant_keys
     where split_part(grant_key, ':', 1) in ('invoice', 'session', 'sub', 'trial', 'restore')
  )
"""
_DIFFERENCES: Final = f"""
  with {_BOOKED}
  select 'paid_but_not_granted' as what, b.grant_key as ref, b.account_id,
         format('%s booked %s credits for account %s; the ledger has no grant %s', b.what, b.credits, b.account_id, b.grant_key)
           as detail
    from booked b where not exists (select from granted g where g.grant_key = b.grant_key)
  union all
  select 'granted_but_not_paid', g.grant_key, g.account_id,
         format('the ledger granted %s credits to account %s under %s; no purchase or renewal has that key',
                g.credits, g.account_id, g.grant_key)
    from granted g where not exists (select from booked b where b.grant_key = g.grant_key)
  union all
  select 'granted_amount_differs', g.grant_key, g.account_id,
         format('%s booked %s credits, the ledger granted %s under %s', b.what, b.credits, g.credits, g.grant_key)
    from booked b join granted g on g.grant_key = b.grant_key
   where g.account_id = b.account_id and g.credits <> b.credits
  union all
  select 'granted_to_another_account', g.grant_key, g.account_id,
         format('%s is of account %s, the ledger granted %s to account %s', b.what, b.account_id, g.grant_key, g.account_id)
    from booked b join granted g on g.grant_key = b.grant_key
   where g.account_id <> b.account_id
   order by 1, 2
"""
_COMPARED: Final = f"with {_BOOKED} select count(*) from booked full join granted using (grant_key)"


async def differences(connection: Connection) -> list[Difference]:
    """All differences, in one snapshot. As billing_service."""
    return [Difference(**dict(row)) for row in await connection.fetch(_DIFFERENCES)]


async def compared(connection: Connection) -> int:
    """How many grants, on either side."""
    return await connection.fetchval(_COMPARED)
