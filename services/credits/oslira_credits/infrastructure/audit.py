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
    """A hold that isn't settled: its run or bulk must be unfinished, or have ended a moment ago.

    `is_in_first_life`: its run may still be accepted, or never will be: it has not come due yet, and then its credits come back.
    """

    hold_id: UUID
    account_id: UUID
    amount_credits: int
    age_s: float
    is_in_first_life: bool


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
      -- What a revocation awaited, and was captured, is spent as debt.
      select t.hold_id, sum(e.amount) as spent
      from credits.transfers t
      join credits.entries e on e.transfer_id = t.id
      join credits.balances b on b.id = e.balance_id and b.kind in ('spent', 'debt')
      where t.kind = 'settle' group by t.hold_id
    ) s on s.hold_id = h.id
    where h.state = 'settled' and h.captured <> coalesce(s.spent, 0)
    union all
    select 'hold_without_transfer', h.id::text, format('%s, of account %s', h.state, h.account_id)
    from credits.holds h
    where h.account_id is not null and (
      not exists (select from credits.transfers t where t.hold_id = h.id and t.kind = 'hold')
      or (h.state = 'settled') <> exists (select from credits.transfers t where t.hold_id = h.id and t.kind = 'settle'))
    union all
    select 'transfer_without_hold', t.id::text, format('%s of hold %s', t.kind, t.hold_id)
    from credits.transfers t
    where t.kind in ('hold', 'settle')
      and not exists (select from credits.holds h where h.id = t.hold_id and h.account_id = t.account_id)
    union all
    select 'grant_without_transfer', g.id::text, format('key %s of account %s', g.idempotency_key, g.account_id)
    from credits.grants g
    where not exists (
      select from credits.transfers t where t.idempotency_key = 'grant:' || g.idempotency_key and t.kind = 'grant'
    )
    union all
    select 'grant_is_not_its_transfer', t.id::text,
      format('key %s issued %s, the grant is of %s', t.idempotency_key, coalesce(-i.amount, 0), coalesce(g.amount, 0))
    from credits.transfers t
    left join credits.grants g on t.idempotency_key = 'grant:' || g.idempotency_key and g.account_id = t.account_id
    left join (
      select e.transfer_id, sum(e.amount) as amount from credits.entries e
      join credits.balances b on b.id = e.balance_id and b.kind = 'issued' group by e.transfer_id
    ) i on i.transfer_id = t.id
    where t.kind = 'grant' and g.amount is distinct from -i.amount
    union all
    select 'entry_without_transfer_or_balance', e.transfer_id::text, format('line %s moves balance %s', e.line, e.balance_id)
    from credits.entries e
    where not exists (select from credits.transfers t where t.id = e.transfer_id)
      or not exists (select from credits.balances b where b.id = e.balance_id)
    union all
    select 'balance_of_another_accounts_grant', b.id::text, format('%s of account %s, grant %s', b.kind, b.account_id, b.grant_id)
    from credits.balances b
    left join credits.grants g on g.id = b.grant_id
    where b.grant_id is not null and g.account_id is distinct from b.account_id
    union all
    select 'purse_is_not_its_balances', account_id::text,
      format('the purse has %s/%s/%s/%s, the balances %s/%s/%s/%s (available/held/frozen/debt)',
        p.available, p.held, p.frozen, p.debt, s.available, s.held, s.frozen, s.debt)
    from (
      select b.account_id, coalesce(sum(b.amount) filter (where b.kind = 'available'), 0) as available,
        coalesce(sum(b.amount) filter (where b.kind = 'held'), 0) as held,
        coalesce(sum(b.amount) filter (where b.kind = 'frozen'), 0) as frozen,
        coalesce(sum(b.amount) filter (where b.kind = 'debt'), 0) as debt
      from credits.balances b group by b.account_id
    ) s
    full join credits.purses p using (account_id)
    where (p.available, p.held, p.frozen, p.debt) is distinct from (s.available, s.held, s.frozen, s.debt)
    union all
    select 'spent_is_not_what_grants_lost', account_id::text, format('spent is %s, the grants lost %s', s.spent, g.lost)
    from (select b.account_id, sum(b.amount) as spent from credits.balances b where b.kind = 'spent' group by b.account_id) s
    full join (
      select g.account_id, sum(g.amount - g.kept) as lost from (
        select g.account_id, g.amount, (select coalesce(sum(b.amount), 0) from credits.balances b where b.grant_id = g.id) as kept
        from credits.grants g
      ) g group by g.account_id
    ) g using (account_id)
    where coalesce(s.spent, 0) <> coalesce(g.lost, 0)
    union all
    select g.what, g.id::text, format('key %s of account %s: %s', g.idempotency_key, g.account_id, g.detail)
    from (
      select g.id, g.idempotency_key, g.account_id, c.*
      from (
        select g.*, coalesce(b.available, 0) as available, coalesce(b.held, 0) as held, coalesce(b.frozen, 0) as frozen,
          coalesce(b.revoked, 0) as revoked, coalesce(b.debt, 0) as debt, coalesce(r.asked, 0) as asked,
          coalesce(f.open, 0) as open
        from credits.grants g
        left join (
          select grant_id, sum(amount) filter (where kind = 'available') as available,
            sum(amount) filter (where kind = 'held') as held, sum(amount) filter (where kind = 'frozen') as frozen,
            sum(amount) filter (where kind = 'revoked') as revoked, sum(amount) filter (where kind = 'debt') as debt
          from credits.balances where grant_id is not null group by grant_id
        ) b on b.grant_id = g.id
        left join (
          select r.grant_key, r.account_id, sum(coalesce(r.amount, 100000000)) as asked
          from credits.revocations r group by r.grant_key, r.account_id
        ) r on r.grant_key = g.idempotency_key and r.account_id = g.account_id
        left join (
          select f.grant_key, f.account_id, count(*) as open
          from credits.freezes f where f.thawed_at is null group by f.grant_key, f.account_id
        ) f on f.grant_key = g.idempotency_key and f.account_id = g.account_id
      ) g
      cross join lateral (values
        ('revocation_is_not_what_was_asked', g.asked_back <> least(g.amount, g.asked),
          format('revocations ask for %s, %s is recorded', least(g.amount, g.asked), g.asked_back)),
        ('revocation_is_not_its_balances', g.asked_back <> g.revoked + g.debt + g.awaited or g.awaited > g.held,
          format('asked back %s, but revoked %s, debt %s, awaited %s of %s held', g.asked_back, g.revoked, g.debt, g.awaited, g.held)),
        ('freeze_is_not_its_balances', g.freezes <> g.open or (g.freezes > 0 and g.available > 0) or (g.freezes = 0 and g.frozen > 0),
          format('%s freezes are open, %s recorded, available %s, frozen %s', g.open, g.freezes, g.available, g.frozen)),
        ('drained_is_not_its_balance', g.is_drained <> (g.available = 0), format('available %s', g.available)),
        ('expiry_is_not_booked', g.available > 0
            and (g.booked_out_at is not null
              -- greatest() would take the other one of a grant that never expires
              or (g.expires_at is not null and greatest(g.expires_at, g.created_at) < now() - interval '5 minutes')),
          format('available %s, expired at %s', g.available, g.expires_at))
      ) as c(what, is_wrong, detail)
      where c.is_wrong
    ) g
    union all
    select 'revocation_of_another_account', r.idempotency_key, format('grant key %s is not of account %s', r.grant_key, r.account_id)
    from credits.revocations r join credits.grants g on g.idempotency_key = r.grant_key and g.account_id <> r.account_id
    union all
    select 'freeze_of_another_account', f.idempotency_key, format('grant key %s is not of account %s', f.grant_key, f.account_id)
    from credits.freezes f join credits.grants g on g.idempotency_key = f.grant_key and g.account_id <> f.account_id
"""
_OPEN_HOLDS: Final = """
    select id as hold_id, account_id, amount as amount_credits,
      extract(epoch from now() - created_at)::float8 as age_s,
      -- One that nobody has looked at yet. A sweep that finds nobody to look moves due_at on, past any first life.
      attempt = 0 and due_at > now() and due_at <= created_at + make_interval(secs => $1) as is_in_first_life
    from credits.holds where state = 'open' order by created_at
"""


async def differences(connection: Connection) -> list[Difference]:
    """Everything in the ledger that doesn't add up, of one moment; none when all is well. Needs SELECT on schema credits."""
    return [Difference(**dict(row)) for row in await connection.fetch(_DIFFERENCES)]


# The longest first life that is expected (OSLIRA_HOLD_LIFE_S is 120), and a second for the transaction that makes the hold.
_FIRST_LIFE_S: Final = 121.0


async def open_holds(connection: Connection) -> list[OpenHold]:
    """For the caller to compare with runs and bulks: an open hold whose run ended is a difference."""
    return [OpenHold(**dict(row)) for row in await connection.fetch(_OPEN_HOLDS, _FIRST_LIFE_S)]
