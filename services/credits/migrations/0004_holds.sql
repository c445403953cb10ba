-- migrate:up
-- Holds: set credits aside, settle, extend.
set local role credits_owner;

-- Sets credits aside. outcome: held (also for a repeated call), insufficient (nothing is written), or closed: the id was settled
-- already, or is another account's.
create function credits.hold(p_hold_id uuid, p_account_id uuid, p_amount integer, p_life interval)
returns table (outcome text, is_new boolean, amount integer, available bigint, expires_at timestamptz)
language plpgsql security definer set search_path = '' as $$
declare
  v_hold credits.holds;
  v_available bigint;
  v_now timestamptz;
  v_transfer uuid := gen_random_uuid();
begin
  if p_amount is null or p_amount <= 0 then
    raise exception 'a hold is of at least 1 credit, not %', p_amount using errcode = 'invalid_parameter_value';
  end if;
  select p.available into v_available from credits.account_balances p where p.account_id = p_account_id for no key update;
  v_now := clock_timestamp();
  v_available := coalesce(v_available, 0) - credits.overdue(p_account_id, v_now);

  select * into v_hold from credits.holds h where h.id = p_hold_id;
  if found then
    if v_hold.state = 'open' and v_hold.account_id = p_account_id then
      return query select 'held', false, v_hold.amount, v_available, v_hold.due_at;
    else
      return query select 'closed', false, 0, v_available, null::timestamptz;
    end if;
    return;
  end if;

  if v_available < p_amount then
    return query select 'insufficient', false, 0, v_available, null::timestamptz;
    return;
  end if;

  with held as (
    insert into credits.holds (id, account_id, amount, state, due_at)
      values (p_hold_id, p_account_id, p_amount, 'open', v_now + p_life) on conflict do nothing returning id
  )
  insert into credits.transfers (id, idempotency_key, kind, account_id, hold_id, transaction_type)
    select v_transfer, 'hold:' || p_hold_id, 'hold', p_account_id, h.id, 'hold' from held h;
  if not found then  -- a tombstone, or another account's hold, was committed since the read above
    return query select 'closed', false, 0, v_available, null::timestamptz;
    return;
  end if;
  perform credits.draw(v_transfer, p_account_id, p_amount, 'held', v_now);
  return query select 'held', true, p_amount, v_available - p_amount, v_now + p_life;
end $$;
grant execute on function credits.hold to credits_service;

-- Captures some of a hold and releases the rest, once; a repeated call returns the first settlement's amounts. A hold that does
-- not exist becomes a tombstone: account null, amounts 0. What was drawn first is captured first. The rest is released to its
-- grant, or to where that grant's credits are now: revoked, frozen or expired. If a revocation awaited some of these credits
-- and they were captured, they become the grant's debt, unless other credits of it are still held.
create function credits.settle(p_hold_id uuid, p_capture integer)
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
    end if;  -- else it was committed between the two reads: settle it now
  end loop;

  perform 1 from credits.account_balances p where p.account_id = v_hold.account_id for no key update;
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
grant execute on function credits.settle to credits_service;

-- Extends an open hold to p_life from now; never shortens it. Null: no open hold has this id.
create function credits.extend_hold(p_hold_id uuid, p_life interval) returns timestamptz
language sql security definer set search_path = '' as $$
  update credits.holds h set due_at = greatest(h.due_at, clock_timestamp() + p_life)
    where h.id = p_hold_id and h.state = 'open'
    returning h.due_at
$$;
grant execute on function credits.extend_hold to credits_service;

-- Deletes tombstones over 90 days old (ids that were settled before they were held), at most p_limit. Returns how many. A hold
-- never arrives that late.
create function credits.delete_tombstones(p_limit integer) returns bigint
language sql security definer set search_path = '' as $$
  with deleted as (
    delete from credits.holds h where h.id in (
      select t.id from credits.holds t
       where t.account_id is null and t.state = 'settled' and t.settled_at < now() - interval '90 days'
       limit p_limit for update skip locked)
    returning h.id
  )
  select count(*) from deleted
$$;
grant execute on function credits.delete_tombstones to credits_service;

reset role;

-- migrate:down
