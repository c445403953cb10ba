"""Whether the ledger adds up: each difference named with its ids, none mended."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from oslira_shared.postgres.clients import Connection


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that isn't as it should be: `what` is a stable word, `id` the row's, `detail` for people."""

    what: str
    id: str
    detail: str


@dataclass(frozen=True, slots=True)
class OpenHold:
    """A hold that isn't settled: its run or bulk must be unfinished, or have ended a moment ago."""

    hold_id: UUID
    account_id: UUID
    amount_credits: int
    age_s: float


_DIFFERENCES: Final = """
    select 'balance_is_not_its_entries' as what, balance_id::text as id,
      format('%s of account %s is %s, its entries sum to %s', kind, account_id, amount, entries_amount) as detail
    from credits.v_balances where amount <> entries_amount
    union all
    select 'balance_is_negative', b.id::text, format('%s of account %s is %s', b.kind, b.account_id, b.amount)
    from credits.balances b where b.amount < 0 and b.kind <> 'issued'
    union all
    select 'transfer_is_not_zero', t.id::text, format('%s of account %s sums to %s', t.kind, t.account_id, sum(e.amount))
    from credits.transfers t left join credits.entries e on e.transfer_id = t.id
    group by t.id having sum(e.amount) is distinct from 0
    union all
    select 'entry_of_another_account', e.transfer_id::text, format('line %s moves balance %s', e.line, e.balance_id)
    from credits.entries e
    join credits.transfers t on t.id = e.transfer_id
    join credits.balances b on b.id = e.balance_id
    where e.account_id <> t.account_id or e.account_id <> b.account_id
    union all
    select 'held_is_not_its_holds', account_id::text, format('held is %s, open holds sum to %s', held, open)
    from (
      select account_id, sum(held) as held, sum(open) as open from (
        select account_id, amount as held, 0 as open from credits.balances where kind = 'held'
        union all
        select account_id, 0, amount from credits.holds where state = 'open'
      ) sides group by account_id
    ) sums where held <> open
    union all
    select 'settlement_is_not_its_entries', h.id::text,
      format('captured %s, its settlement spent %s', h.captured, coalesce(s.spent, 0))
    from credits.holds h
    left join (
      select t.hold_id, sum(e.amount) as spent
      from credits.transfers t
      join credits.entries e on e.transfer_id = t.id
      join credits.balances b on b.id = e.balance_id and b.kind = 'spent'
      where t.kind = 'settle' group by t.hold_id
    ) s on s.hold_id = h.id
    where h.state = 'settled' and h.captured <> coalesce(s.spent, 0)
    union all
    select 'grant_without_transfer', g.id::text, format('key %s of account %s', g.idempotency_key, g.account_id)
    from credits.grants g
    where not exists (
      select from credits.transfers t where t.idempotency_key = 'grant:' || g.idempotency_key and t.kind = 'grant'
    )
"""
_OPEN_HOLDS: Final = """
    select id as hold_id, account_id, amount as amount_credits,
      extract(epoch from now() - created_at)::float8 as age_s
    from credits.holds where state = 'open' order by created_at
"""


async def differences(connection: Connection) -> list[Difference]:
    """Everything in the ledger that doesn't add up, of one moment; none when all is well. Needs SELECT on schema credits."""
    return [Difference(**dict(row)) for row in await connection.fetch(_DIFFERENCES)]


async def open_holds(connection: Connection) -> list[OpenHold]:
    """For the caller to compare with runs and bulks: an open hold whose run ended is a difference."""
    return [OpenHold(**dict(row)) for row in await connection.fetch(_OPEN_HOLDS)]
