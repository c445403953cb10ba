"""Checks transfers and the statement: amounts, order and causes."""

from typing import Final

# The lines are read once, each with its transfer's kind and its balance.
HISTORY: Final = """
    with line as materialized (
      select e.transfer_id, e.line, e.amount, e.account_id, e.balance_id, t.kind, t.account_id as owner_id, t.hold_id,
        t.idempotency_key, b.kind as balance, b.account_id as balance_owner_id, b.grant_id
      from credits.entries e
      left join credits.transfers t on t.id = e.transfer_id
      left join credits.balances b on b.id = e.balance_id
    ), moved as materialized (
      select transfer_id, sum(amount) as amount, coalesce(sum(amount) filter (where balance = 'available'), 0) as available,
        -coalesce(sum(amount) filter (where balance = 'issued'), 0) as issued,
        -- What a revocation awaited, and was captured, is spent as debt.
        coalesce(sum(amount) filter (where balance in ('spent', 'debt')), 0) as spent,
        coalesce(sum(amount) filter (where balance = 'held'), 0) as held
      from line group by transfer_id
    ), of_grant as materialized (
      select transfer_id, kind, idempotency_key, hold_id, grant_id, sum(amount) as amount,
        coalesce(sum(amount) filter (where balance = 'held'), 0) as held
      from line where grant_id is not null group by transfer_id, kind, idempotency_key, hold_id, grant_id
    ), wrong_move as materialized (
      select kind, balance, sign from (select distinct kind, balance, sign(amount)::bigint as sign from line) m
      where not credits.may_move(kind, balance, sign)
    )
    select 'transfer_is_not_zero' as what, t.id::text as id,
      format('%s of account %s sums to %s', t.kind, t.account_id, m.amount) as detail
    from credits.transfers t left join moved m on m.transfer_id = t.id
    where m.amount is distinct from 0
    union all
    select 'entry_of_another_account', transfer_id::text, format('line %s moves balance %s', line, balance_id)
    from line where account_id <> owner_id or account_id <> balance_owner_id
    union all
    select 'entry_without_transfer_or_balance', transfer_id::text, format('line %s moves balance %s', line, balance_id)
    from line where kind is null or balance is null
    union all
    select 'transfer_moves_what_its_kind_does_not', l.transfer_id::text,
      format('a transfer of kind %s: line %s moves %s by %s', l.kind, l.line, l.balance, l.amount)
    from line l join wrong_move w on w.kind = l.kind and w.balance = l.balance and w.sign = sign(l.amount)
    union all
    select 'credits_moved_between_grants', o.transfer_id::text, format('%s: grant %s changes by %s', o.kind, o.grant_id, o.amount)
    from of_grant o
    where case
      when o.kind in ('hold', 'expire', 'freeze', 'thaw') then o.amount <> 0
      when o.kind in ('settle', 'spend') then o.amount > 0
      when o.kind = 'revoke' then o.amount < 0
      when o.kind = 'grant' and o.amount <> 0 then not exists (
        select from credits.grants g where g.id = o.grant_id and 'grant:' || g.idempotency_key = o.idempotency_key)
      else false
    end
    union all
    select 'settlement_is_not_its_hold', s.transfer_id::text, format('grant %s: held %s, settled %s', grant_id, h.held, -s.held)
    from (select * from of_grant where kind = 'hold') h
    full join (select * from of_grant where kind = 'settle') s using (hold_id, grant_id)
    where s.transfer_id is not null and coalesce(h.held, 0) <> -s.held
    union all
    select 'hold_is_not_its_entries', h.id::text, format('of %s credits, its transfer held %s', h.amount, m.held)
    from credits.holds h
    join credits.transfers t on t.hold_id = h.id and t.kind = 'hold'
    join moved m on m.transfer_id = t.id
    where m.held <> h.amount
    union all
    select 'settlement_is_not_its_entries', h.id::text,
      format('captured %s, its settlement spent %s', h.captured, coalesce(s.spent, 0))
    from credits.holds h
    left join (
      select t.hold_id, m.spent from credits.transfers t join moved m on m.transfer_id = t.id where t.kind = 'settle'
    ) s on s.hold_id = h.id
    where h.state = 'settled' and h.captured <> coalesce(s.spent, 0)
    union all
    select 'hold_without_transfer', h.id::text, format('%s, of account %s', h.state, h.account_id)
    from credits.holds h
    left join (
      select hold_id, bool_or(kind = 'hold') as is_held, bool_or(kind = 'settle') as is_settled
      from credits.transfers where hold_id is not null group by hold_id
    ) t on t.hold_id = h.id
    where h.account_id is not null
      and (t.is_held is not true or (h.state = 'settled') <> coalesce(t.is_settled, false))
    union all
    select 'transfer_without_hold', t.id::text, format('%s of hold %s', t.kind, t.hold_id)
    from credits.transfers t
    left join credits.holds h on h.id = t.hold_id and h.account_id = t.account_id
    where t.kind in ('hold', 'settle') and h.id is null
    union all
    select 'hold_never_comes_due', h.id::text, format('due at %s', h.due_at)
    from credits.holds h where h.due_at > now() + interval '25 hours'
    union all
    select 'grant_without_transfer', g.id::text, format('key %s of account %s', g.idempotency_key, g.account_id)
    from credits.grants g
    left join credits.transfers t on t.idempotency_key = 'grant:' || g.idempotency_key and t.kind = 'grant'
    where t.id is null
    union all
    select 'grant_is_not_its_transfer', t.id::text,
      format('key %s issued %s until %s, the grant is of %s until %s', t.idempotency_key, coalesce(m.issued, 0),
        coalesce(t.expires_at::text, 'ever'), coalesce(g.amount, 0), coalesce(g.expires_at::text, 'ever'))
    from credits.transfers t
    left join credits.grants g on t.idempotency_key = 'grant:' || g.idempotency_key and g.account_id = t.account_id
    left join moved m on m.transfer_id = t.id
    where t.kind = 'grant' and (g.amount, g.expires_at, g.source) is distinct from (m.issued, t.expires_at, t.transaction_type)
    union all
    select 'transfer_without_reason', t.id::text, format('%s under %s', t.kind, t.idempotency_key)
    from credits.transfers t
    where t.kind in ('revoke', 'freeze', 'thaw', 'expire')
      and not exists (select from credits.revocations r where t.kind = 'revoke' and 'revoke:' || r.idempotency_key = t.idempotency_key)
      and not exists (
        select from credits.freezes f
        where t.kind in ('freeze', 'thaw') and t.kind || ':' || f.idempotency_key = t.idempotency_key)
      and not (t.kind = 'expire' and t.idempotency_key like 'expire:%')
    union all
    select 'statement_has_a_gap', s.account_id::text, format('after line %s comes line %s', s.last, s.position)
    from (
      select account_id, position, coalesce(lag(position) over past, 0) as last
      from credits.statement_lines window past as (partition by account_id order by position)
    ) s
    where s.position <> s.last + 1
    union all
    select 'statement_does_not_add_up', s.transfer_id::text,
      format('line %s of account %s: %s and %s are not %s', s.position, s.account_id, s.last, s.change, s.available)
    from (
      select s.*, coalesce(lag(available) over past, 0) as last
      from credits.statement_lines s window past as (partition by account_id order by position)
    ) s
    where s.available <> s.last + s.change
    union all
    select 'statement_is_not_its_transfer', transfer_id::text, format('the line says %s, the entries %s', s.change, m.available)
    from credits.statement_lines s full join moved m using (transfer_id)
    where s.change is distinct from m.available
    union all
    select 'statement_mismatch', p.account_id::text,
      format('the account has %s/%s/%s/%s after %s lines, line %s says %s/%s/%s/%s (available/held/frozen/debt)',
        p.available, p.held, p.frozen, p.debt, p.position, s.position, s.available, s.held, s.frozen, s.debt)
    from credits.account_balances p
    left join lateral (
      select * from credits.statement_lines s where s.account_id = p.account_id order by s.position desc limit 1
    ) s on true
    where (p.position, p.available, p.held, p.frozen, p.debt) is distinct from
      (coalesce(s.position, 0), coalesce(s.available, 0), coalesce(s.held, 0), coalesce(s.frozen, 0), coalesce(s.debt, 0))
    union all
    select 'revocation_or_freeze_is_gone', p.account_id::text,
      format('%s were recorded, %s are there', p.reversal_count, coalesce(r.count, 0))
    from credits.account_balances p
    left join (
      select account_id, count(*) as count
      from (select account_id from credits.revocations union all select account_id from credits.freezes) a
      group by account_id
    ) r using (account_id)
    where p.reversal_count <> coalesce(r.count, 0)
"""
