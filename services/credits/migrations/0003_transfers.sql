-- migrate:up
-- What all movements use. Every function that moves credits locks one row, the account's in credits.account_balances, before
-- any other (except the settled hold's own). It reads what it decides on in a later statement, since a statement that waited
-- for a lock still sees the rows from before the wait. It reads the clock after the lock, since now() may be older.
set local role credits_owner;

create type credits.line as (kind text, grant_id uuid, amount integer);

-- Locks the account's row until the transaction ends; creates it on the account's first movement.
create function credits.lock_account(p_account_id uuid) returns credits.account_balances
language plpgsql set search_path = '' as $$
declare
  v_totals credits.account_balances;
begin
  select * into v_totals from credits.account_balances p where p.account_id = p_account_id for no key update;
  if not found then
    insert into credits.account_balances (account_id) values (p_account_id) on conflict do nothing;
    insert into credits.balances (account_id, kind)
      values (p_account_id, 'issued'), (p_account_id, 'spent') on conflict do nothing;
    select * into strict v_totals from credits.account_balances p where p.account_id = p_account_id for no key update;
  end if;
  return v_totals;
end $$;

-- What credits.account_balances counts as available although it has expired and is not written off yet.
create function credits.overdue(p_account_id uuid, p_now timestamptz) returns bigint
language plpgsql stable set search_path = '' as $$
begin
  return (
    select coalesce(sum(b.amount), 0)
    from credits.grants g
    join credits.balances b on b.grant_id = g.id and b.kind = 'available'
    where g.account_id = p_account_id and not g.is_depleted and g.expires_at <= p_now
  );
end $$;

-- What an account can spend now.
create function credits.available(p_account_id uuid) returns bigint
language sql stable set search_path = '' as $$
  select coalesce(max(p.available), 0) - credits.overdue(p_account_id, clock_timestamp())
  from credits.account_balances p where p.account_id = p_account_id
$$;

-- Writes a transfer's lines in one statement, in the given order, without lines of 0. Creates balances that most grants never
-- need. The caller holds the account's lock. Many lines are resolved in one statement, by the index on the grant; a few use
-- small statements, whose plans are cached.
create function credits.post(p_transfer_id uuid, p_account_id uuid, p_lines credits.line[]) returns void
language plpgsql set search_path = '' as $$
declare
  v_line credits.line;
  v_id bigint;
  v_ids bigint[] := '{}';
  v_amounts integer[] := '{}';
begin
  if cardinality(p_lines) > 100 then
    insert into credits.balances (account_id, kind, grant_id)
      select distinct p_account_id, l.kind, l.grant_id from unnest(p_lines) l where l.amount <> 0 on conflict do nothing;
    insert into credits.entries (transfer_id, line, account_id, balance_id, amount)
      select p_transfer_id, row_number() over (order by l.n), p_account_id, coalesce(g.id, a.id), l.amount
      from unnest(p_lines) with ordinality as l(kind, grant_id, amount, n)
      left join credits.balances g on g.grant_id = l.grant_id and g.kind = l.kind
      left join credits.balances a on a.account_id = p_account_id and a.kind = l.kind and a.grant_id is null and l.grant_id is null
      where l.amount <> 0;
    return;
  end if;
  foreach v_line in array p_lines loop
    continue when v_line.amount = 0;
    if v_line.grant_id is null then
      select b.id into v_id from credits.balances b
        where b.account_id = p_account_id and b.kind = v_line.kind and b.grant_id is null;
    else
      select b.id into v_id from credits.balances b
        where b.account_id = p_account_id and b.kind = v_line.kind and b.grant_id = v_line.grant_id;
    end if;
    if not found then
      insert into credits.balances (account_id, kind, grant_id) values (p_account_id, v_line.kind, v_line.grant_id)
        returning id into v_id;
    end if;
    v_ids := v_ids || v_id;
    v_amounts := v_amounts || v_line.amount;
  end loop;
  insert into credits.entries (transfer_id, line, account_id, balance_id, amount)
    select p_transfer_id, l.n, p_account_id, l.id, l.amount
    from unnest(v_ids, v_amounts) with ordinality as l(id, amount, n);
end $$;

-- A transfer and its lines.
create function credits.transfer(p_key text, p_kind text, p_account_id uuid, p_type text, p_lines credits.line[])
returns uuid language plpgsql set search_path = '' as $$
declare
  v_transfer uuid;
begin
  insert into credits.transfers (idempotency_key, kind, account_id, transaction_type)
    values (p_key, p_kind, p_account_id, p_type) returning id into v_transfer;
  perform credits.post(v_transfer, p_account_id, p_lines);
  return v_transfer;
end $$;

-- Draws an amount from the grants: soonest-expiring first, then by priority, then the oldest. p_to is `held` (of the same
-- grant) or `spent`. The caller holds the account's lock and has checked that there is enough. Grants with and without expiry
-- are read separately, so that each read starts at the first live one in the index, however many expired ones remain.
create function credits.draw(p_transfer_id uuid, p_account_id uuid, p_amount integer, p_to text, p_now timestamptz)
returns void language plpgsql set search_path = '' as $$
declare
  v_part record;
  v_left integer := p_amount;
  v_lines credits.line[] := '{}';
begin
  for v_part in
    select d.id, b.amount
    from (
      -- Each has at least one credit, so no draw needs more of them than credits.
      (select g.id, g.expires_at, g.priority, g.created_at from credits.grants g
       where g.account_id = p_account_id and not g.is_depleted and g.expires_at > p_now
       order by g.expires_at, g.priority, g.created_at, g.id limit p_amount)
      union all
      (select g.id, g.expires_at, g.priority, g.created_at from credits.grants g
       where g.account_id = p_account_id and not g.is_depleted and g.expires_at is null
       order by g.priority, g.created_at, g.id limit p_amount)
    ) d
    join credits.balances b on b.grant_id = d.id and b.kind = 'available'
    order by d.expires_at, d.priority, d.created_at, d.id
  loop
    v_part.amount := least(v_part.amount, v_left);
    v_left := v_left - v_part.amount;
    v_lines := v_lines || ('available', v_part.id, -v_part.amount)::credits.line;
    if p_to = 'held' then
      v_lines := v_lines || ('held', v_part.id, v_part.amount)::credits.line;
    end if;
    exit when v_left = 0;
  end loop;
  if v_left > 0 then
    raise exception 'the grants of account % have % credits less than its balance', p_account_id, v_left
      using errcode = 'check_violation';
  end if;
  if p_to = 'spent' then
    v_lines := v_lines || ('spent', null, p_amount)::credits.line;
  end if;
  perform credits.post(p_transfer_id, p_account_id, v_lines);
end $$;

reset role;

-- migrate:down
