"""The records of money, the ledger's grants, and `billing.stripe_mismatches`."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import astuple
from datetime import datetime
from typing import Final

from oslira_shared.postgres.clients import AdminClient, Record

from oslira_billing.application.money_ports import Touched
from oslira_billing.domain.mismatch import GrantStatus, Mismatch
from oslira_billing.domain.money_facts import MoneyFacts
from oslira_billing.domain.reversal import CLOSED, Charge, CreditNote, Dispute

_MOVED: Final = """
    select purchase_id, null as charge_id from billing.purchases where created_at >= $1 and created_at < $2
    union
    select purchase_id, null from billing.credit_notes where updated_at >= $1 and updated_at < $2
    union
    select null, stripe_charge_id from billing.charges where updated_at >= $1 and updated_at < $2
    union
    select null, stripe_charge_id from billing.disputes where updated_at >= $1 and updated_at < $2
    union
    select g.purchase_id, null
      from credits.grant_reversals r join billing.purchase_grants g on g.grant_key = r.grant_key
     where r.created_at >= $1 and r.created_at < $2
"""
_FROZEN: Final = """
    select purchase_id, null as charge_id from billing.purchase_grants where frozen_under is not null
    union
    select g.purchase_id, null from credits.frozen_grants f join billing.purchase_grants g on g.grant_key = f.grant_key
"""
_UNRESOLVED: Final = """
    select purchase_id, case when purchase_id is null then stripe_id end as charge_id
      from billing.stripe_mismatches where resolved_at is null
"""
_CHARGES: Final = """
    select purchase_id, stripe_charge_id, amount_minor, refunded_minor, currency
      from billing.charges where purchase_id = any($1::text[])
"""
_DISPUTES: Final = """
    select c.purchase_id, d.stripe_charge_id, d.stripe_dispute_id, d.amount_minor, d.state
      from billing.disputes d join billing.charges c on c.stripe_charge_id = d.stripe_charge_id
     where c.purchase_id = any($1::text[])
"""
_NOTES: Final = """
    select purchase_id, stripe_credit_note_id, amount_minor from billing.credit_notes where purchase_id = any($1::text[])
"""
_STANDINGS: Final = """
    select grant_key, credits, taken_credits, is_frozen from credits.grant_statuses where grant_key = any($1::text[])
"""
_STORED: Final = "select stripe_event_id from billing.webhook_events where stripe_event_id = any($1::text[])"
_WAITING: Final = """
    select count(*) from billing.webhook_events where state in ('received', 'applied') and due_at is not null and waits_for is null
"""
_UNFINISHED: Final = """
    select kind, id from (
      select 'dispute' as kind, stripe_dispute_id as id from billing.disputes where not state = any($3::text[])
      union all
      select 'subscription', stripe_subscription_id from billing.subscriptions
       where source = 'stripe' and state not in ('canceled', 'incomplete_expired')
    ) u where id collate "C" > $1 order by id collate "C" limit $2
"""
_KEEP: Final = """
    insert into billing.stripe_mismatches as kept
      (kind, stripe_id, purchase_id, account_id, detail, stripe_minor, recorded_minor, currency, credits)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    on conflict (kind, stripe_id) do update
      set purchase_id = excluded.purchase_id, account_id = excluded.account_id, detail = excluded.detail,
          stripe_minor = excluded.stripe_minor, recorded_minor = excluded.recorded_minor, currency = excluded.currency,
          credits = excluded.credits, last_seen_at = now(), resolved_at = null,
          first_seen_at = case when kept.resolved_at is null then kept.first_seen_at else now() end
"""
_RESOLVE: Final = """
    update billing.stripe_mismatches m set resolved_at = now()
     where m.resolved_at is null
       and case when m.purchase_id is null then m.stripe_id = any($2::text[]) else m.purchase_id = any($1::text[]) end
       and not exists (
         select from unnest($3::text[], $4::text[]) as f(kind, stripe_id) where (f.kind, f.stripe_id) = (m.kind, m.stripe_id))
"""


class PostgresMoneyRecords:
    """Implements MoneyRecords."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database

    async def moved(self, start: datetime, end: datetime) -> Touched:
        async with self._database.connection() as connection:
            return _touched(await connection.fetch(_MOVED, start, end))

    async def frozen(self) -> Touched:
        async with self._database.connection() as connection:
            return _touched(await connection.fetch(_FROZEN))

    async def unresolved(self) -> Touched:
        async with self._database.connection() as connection:
            return _touched(await connection.fetch(_UNRESOLVED))

    async def facts(self, purchases: Sequence[str]) -> Mapping[str, MoneyFacts]:
        charges: dict[str, dict[str, Charge]] = defaultdict(dict)
        disputes: dict[str, dict[str, tuple[str, Dispute]]] = defaultdict(dict)
        notes: dict[str, dict[str, CreditNote]] = defaultdict(dict)
        async with self._database.connection() as connection:
            for purchase_id, id_, amount, refunded, currency in await connection.fetch(_CHARGES, purchases):
                charges[purchase_id][id_] = Charge(id_, amount, refunded, currency, None)
            for purchase_id, charge_id, id_, amount, state in await connection.fetch(_DISPUTES, purchases):
                disputes[purchase_id][id_] = (charge_id, Dispute(id_, amount, state))
            for purchase_id, id_, amount in await connection.fetch(_NOTES, purchases):
                notes[purchase_id][id_] = CreditNote(id_, purchase_id, amount)
        known = {*charges, *disputes, *notes}
        return {id_: MoneyFacts(charges[id_], disputes[id_], notes[id_]) for id_ in known}

    async def statuses(self, keys: Sequence[str]) -> Mapping[str, GrantStatus]:
        async with self._database.connection() as connection:
            rows = await connection.fetch(_STANDINGS, keys)
        return {
            row["grant_key"]: GrantStatus(row["credits"], row["taken_credits"], row["is_frozen"])
            for row in rows
        }

    async def stored(self, event_ids: Sequence[str]) -> AbstractSet[str]:
        async with self._database.connection() as connection:
            return {row["stripe_event_id"] for row in await connection.fetch(_STORED, event_ids)}

    async def waiting(self) -> int:
        async with self._database.connection() as connection:
            return await connection.fetchval(_WAITING)

    async def unfinished(self, *, after: str, limit: int) -> Sequence[tuple[str, str]]:
        async with self._database.connection() as connection:
            rows = await connection.fetch(_UNFINISHED, after, limit, sorted(CLOSED))
        return [(row["kind"], row["id"]) for row in rows]

    async def keep(self, compared: Touched, mismatches: Sequence[Mismatch]) -> None:
        async with self._database.transaction() as connection:
            await connection.executemany(_KEEP, [_values(one) for one in mismatches])
            kinds, ids = [one.kind for one in mismatches], [one.stripe_id for one in mismatches]
            await connection.execute(
                _RESOLVE, sorted(compared.purchases), sorted(compared.charges), kinds, ids
            )


def _touched(rows: Sequence[Record]) -> Touched:
    return Touched(
        frozenset(row["purchase_id"] for row in rows if row["purchase_id"] is not None),
        frozenset(row["charge_id"] for row in rows if row["charge_id"] is not None),
    )


def _values(one: Mismatch) -> tuple[object, ...]:
    """In the order of the class's fields."""
    return astuple(one)
