-- migrate:up
set local role credits_owner;

-- As before, and: many lines are resolved in one statement; a few keep the small statements whose plans are kept.
create or replace function credits.post(p_transfer_id uuid, p_account_id uuid, p_lines credits.line[]) returns void
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
      select p_transfer_id, row_number() over (order by l.n), p_account_id, b.id, l.amount
      from unnest(p_lines) with ordinality as l(kind, grant_id, amount, n)
      join credits.balances b on b.account_id = p_account_id and b.kind = l.kind and b.grant_id is not distinct from l.grant_id
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

-- As before, and: grants that expire and grants that never do are read apart, so that each read begins in the index where the first
-- live one stands, however many expired ones are not booked out yet.
create or replace function credits.draw(p_transfer_id uuid, p_account_id uuid, p_amount integer, p_to text, p_now timestamptz)
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
       where g.account_id = p_account_id and not g.is_drained and g.expires_at > p_now
       order by g.expires_at, g.priority, g.created_at, g.id limit p_amount)
      union all
      (select g.id, g.expires_at, g.priority, g.created_at from credits.grants g
       where g.account_id = p_account_id and not g.is_drained and g.expires_at is null
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
    raise exception 'account % is % credits short of its purse', p_account_id, v_left using errcode = 'check_violation';
  end if;
  if p_to = 'spent' then
    v_lines := v_lines || ('spent', null, p_amount)::credits.line;
  end if;
  perform credits.post(p_transfer_id, p_account_id, v_lines);
end $$;

-- As before; lines are collected without copying them.
-- Captures some of a hold and releases the rest, once; again answers with the first settlement's figures. A hold that isn't
-- there becomes a tombstone: account null, figures 0. Capturing takes what was drawn first. What is released returns to the
-- grant it came from, or to where that grant's credits are by now: taken back, frozen or expired. What a revocation awaited of
-- these credits and was captured becomes the grant's debt, unless others of it are still held.
create or replace function credits.settle(p_hold_id uuid, p_capture integer)
returns table (is_new boolean, account_id uuid, captured integer, released integer, settled_at timestamptz)
language plpgsql security definer set search_path = '' as $$
declare
  v_hold credits.holds;
  v_part record;
  v_left integer := p_capture;
  v_captured integer;
  v_taken integer;
  v_owed integer;
  v_spent integer := 0;
  v_lines credits.line[] := '{}';
  v_now timestamptz;
  v_transfer uuid;
begin
  if p_capture is null or p_capture < 0 then
    raise exception 'a settlement captures 0 or more, not %', p_capture using errcode = 'invalid_parameter_value';
  end if;
  loop
    update credits.holds h
      set state = 'settled', captured = p_capture, released = h.amount - p_capture,
        settled_at = clock_timestamp(), due_at = null, seq = h.seq + 1
      where h.id = p_hold_id and h.state = 'open' and h.amount >= p_capture
      returning * into v_hold;
    exit when found;
    select * into v_hold from credits.holds h where h.id = p_hold_id;
    if not found then
      insert into credits.holds (id, amount, captured, released, settled_at, state)
        values (p_hold_id, 0, 0, 0, clock_timestamp(), 'settled') on conflict do nothing
        returning * into v_hold;
      if found then
        return query select true, v_hold.account_id, 0, 0, v_hold.settled_at;
        return;
      end if;
    elsif v_hold.state = 'settled' then
      return query select false, v_hold.account_id, v_hold.captured, v_hold.released, v_hold.settled_at;
      return;
    elsif v_hold.amount < p_capture then
      raise exception 'hold % is of % credits, and % were to be captured', p_hold_id, v_hold.amount, p_capture
        using errcode = 'invalid_parameter_value';
    end if;  -- else it was committed between the two looks: settle it now
  end loop;

  perform 1 from credits.purses p where p.account_id = v_hold.account_id for no key update;
  v_now := clock_timestamp();
  for v_part in
    select g.id, e.amount, g.awaited, b.amount as held,
      case when g.freezes > 0 then 'frozen' when g.expires_at <= v_now then 'expired' else 'available' end as back_to
    from credits.transfers t
    join credits.entries e on e.transfer_id = t.id and e.amount > 0
    join credits.balances b on b.id = e.balance_id
    join credits.grants g on g.id = b.grant_id
    where t.hold_id = p_hold_id and t.kind = 'hold'
    order by e.line
  loop
    v_captured := least(v_part.amount, v_left);
    v_left := v_left - v_captured;
    v_taken := 0;
    v_owed := 0;
    if v_part.awaited > 0 then
      v_taken := least(v_part.amount - v_captured, v_part.awaited);
      v_owed := greatest(v_part.awaited - v_taken - (v_part.held - v_part.amount), 0);
      update credits.grants g set awaited = g.awaited - v_taken - v_owed where g.id = v_part.id;
    end if;
    -- One by one: appending an element is cheap, joining two arrays copies both.
    v_lines := v_lines || ('held', v_part.id, -v_part.amount)::credits.line;
    v_spent := v_spent + v_captured - v_owed;
    if v_owed > 0 then
      v_lines := v_lines || ('debt', v_part.id, v_owed)::credits.line;
    end if;
    if v_taken > 0 then
      v_lines := v_lines || ('revoked', v_part.id, v_taken)::credits.line;
    end if;
    v_lines := v_lines || (v_part.back_to, v_part.id, v_part.amount - v_captured - v_taken)::credits.line;
  end loop;
  v_lines := v_lines || ('spent', null, v_spent)::credits.line;
  insert into credits.transfers (idempotency_key, kind, account_id, hold_id, transaction_type)
    values ('settle:' || p_hold_id, 'settle', v_hold.account_id, p_hold_id,
      case when p_capture > 0 then 'analysis' else 'release' end)
    returning id into v_transfer;
  perform credits.post(v_transfer, v_hold.account_id, v_lines);
  return query select true, v_hold.account_id, v_hold.captured, v_hold.released, v_hold.settled_at;
end $$;

-- Books out what was left of grants whose time has passed, at most p_limit of them; says how many. Each account's are one transfer,
-- and no account takes more than 200 of a pass while others wait. An account somebody is at is left for the next pass: this takes
-- several accounts, and must never wait for one while it holds another.
create or replace function credits.expire_due(p_limit integer) returns integer
language plpgsql security definer set search_path = '' as $$
declare
  v_account uuid;
  v_grants uuid[];
  v_lines credits.line[];
  v_booked integer := 0;
begin
  for v_account in
    select g.account_id from credits.grants g
    where g.expires_at <= clock_timestamp() and g.booked_out_at is null
    group by g.account_id order by min(g.expires_at)
  loop
    exit when v_booked >= p_limit;
    perform 1 from credits.purses p where p.account_id = v_account for no key update skip locked;
    continue when not found;
    with due as (
      select g.id from credits.grants g
      where g.account_id = v_account and g.expires_at <= clock_timestamp() and g.booked_out_at is null
      order by g.expires_at, g.id limit least(p_limit - v_booked, 200)
    ), booked as (
      update credits.grants g set booked_out_at = clock_timestamp() from due
      where g.id = due.id and g.booked_out_at is null returning g.id
    )
    select array_agg(b.id order by b.id) into v_grants from booked b;
    continue when v_grants is null;
    v_booked := v_booked + cardinality(v_grants);
    select array_agg((l.kind, b.grant_id, l.amount)::credits.line order by b.grant_id, l.kind) into v_lines
      from credits.balances b
      cross join lateral (values ('available', -b.amount::integer), ('expired', b.amount::integer)) as l(kind, amount)
      where b.grant_id = any(v_grants) and b.kind = 'available' and b.amount > 0;
    if v_lines is not null then
      perform credits.transfer('expire:' || v_grants[1], 'expire', v_account, 'expire', v_lines);
    end if;
  end loop;
  return v_booked;
end $$;
create index grants_due_of_account on credits.grants (account_id, expires_at)
  where expires_at is not null and booked_out_at is null;

revoke execute on all functions in schema credits from public;

reset role;

-- migrate:down
