"""Compares balances with entries, grants, account balances, revocations and freezes."""

from typing import Final

BALANCES: Final = """
    select 'balance_is_not_its_entries' as what, balance_id::text as id,
      format('%s of account %s is %s, its entries sum to %s', kind, account_id, amount, entries_amount) as detail
    from credits.v_balances where amount <> entries_amount
    union all
    select 'balance_is_negative', b.id::text, format('%s of account %s is %s', b.kind, b.account_id, b.amount)
    from credits.balances b where b.amount < 0 and b.kind <> 'issued'
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
    select 'balance_of_another_accounts_grant', b.id::text, format('%s of account %s, grant %s', b.kind, b.account_id, b.grant_id)
    from credits.balances b
    left join credits.grants g on g.id = b.grant_id
    where b.grant_id is not null and g.account_id is distinct from b.account_id
    union all
    select 'account_balance_mismatch', account_id::text,
      format('the account has %s/%s/%s/%s, the balances %s/%s/%s/%s (available/held/frozen/debt)',
        p.available, p.held, p.frozen, p.debt, s.available, s.held, s.frozen, s.debt)
    from (
      select b.account_id, coalesce(sum(b.amount) filter (where b.kind = 'available'), 0) as available,
        coalesce(sum(b.amount) filter (where b.kind = 'held'), 0) as held,
        coalesce(sum(b.amount) filter (where b.kind = 'frozen'), 0) as frozen,
        coalesce(sum(b.amount) filter (where b.kind = 'debt'), 0) as debt
      from credits.balances b group by b.account_id
    ) s
    full join credits.account_balances p using (account_id)
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
          select r.grant_key, r.account_id, sum(coalesce(r.amount, 2147483647)) as asked
          from credits.revocations r group by r.grant_key, r.account_id
        ) r on r.grant_key = g.idempotency_key and r.account_id = g.account_id
        left join (
          select f.grant_key, f.account_id, count(*) as open
          from credits.freezes f where f.unfrozen_at is null group by f.grant_key, f.account_id
        ) f on f.grant_key = g.idempotency_key and f.account_id = g.account_id
      ) g
      cross join lateral (values
        ('revocation_is_not_what_was_asked', g.reversed <> least(g.amount, g.asked),
          format('revocations request %s, %s is recorded', least(g.amount, g.asked), g.reversed)),
        ('revocation_is_not_its_balances', g.reversed <> g.revoked + g.debt + g.awaited or g.awaited > g.held,
          format('reversed %s, but revoked %s, debt %s, awaited %s of %s held', g.reversed, g.revoked, g.debt, g.awaited, g.held)),
        ('freeze_is_not_its_balances', g.freezes <> g.open or (g.freezes > 0 and g.available > 0) or (g.freezes = 0 and g.frozen > 0),
          format('%s freezes are open, %s recorded, available %s, frozen %s', g.open, g.freezes, g.available, g.frozen)),
        ('depleted_flag_mismatch', g.is_depleted <> (g.available = 0), format('available %s', g.available)),
        ('expiry_is_not_booked', g.available > 0
            and (g.written_off_at is not null
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
