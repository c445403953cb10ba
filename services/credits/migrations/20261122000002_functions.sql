-- migrate:up
set local role credits_owner;

-- Every function that moves credits locks one row, the account's `issued` balance, before it touches another. It reads what
-- it decides on in a later statement, since a statement that waited for a lock still sees what was there before it.

-- What an account can spend now.
create function credits.available(p_account_id uuid) returns bigint
language sql stable set search_path = '' as $$
  select coalesce(sum(b.amount), 0)::bigint
  from credits.balances b
  join credits.grants g on g.id = b.grant_id
  where b.account_id = p_account_id and b.kind = 'available' and (g.expires_at is null or g.expires_at > now())
$$;

-- The lines of a transfer that takes an amount out of the grants: soonest-expiring first, then by priority, then the oldest.
-- p_to is `held` (of the same grant) or `spent`. The caller holds the account's lock and knows that there is enough.
create function credits.draw(p_transfer_id uuid, p_account_id uuid, p_amount integer, p_to text) returns void
language sql set search_path = '' as $$
  with purse as (
    select b.id, b.grant_id, b.amount, sum(b.amount) over soonest - b.amount as before
    from credits.balances b
    join credits.grants g on g.id = b.grant_id
    where b.account_id = p_account_id and b.kind = 'available' and b.amount > 0
      and (g.expires_at is null or g.expires_at > now())
    window soonest as (order by g.expires_at nulls last, g.priority, g.created_at, g.id)
  ), part as (
    select p.id, p.grant_id, p.before, least(p.amount, p_amount - p.before) as drawn
    from purse p where p.before < p_amount
  ), side as (
    select part.before, 1 as side, part.id as balance_id, -part.drawn as amount from part
    union all
    select part.before, 2, b.id, part.drawn
    from part
    join credits.balances b on b.account_id = p_account_id and b.kind = p_to
      and b.grant_id is not distinct from case when p_to = 'held' then part.grant_id end
  )
  insert into credits.entries (transfer_id, line, account_id, balance_id, amount)
  select p_transfer_id, row_number() over (order by s.before, s.side), p_account_id, s.balance_id, s.amount
  from side s
$$;

-- Sets credits aside. outcome: held (also when asked again), insufficient (and nothing is written), or closed: the id
-- was settled already, or is another account's.
create function credits.hold(p_hold_id uuid, p_account_id uuid, p_amount integer, p_life interval)
returns table (outcome text, is_new boolean, amount integer, available bigint, expires_at timestamptz)
language plpgsql security definer set search_path = '' as $$
declare
  v_hold credits.holds;
  v_available bigint;
  v_due timestamptz := clock_timestamp() + p_life;
  v_transfer uuid;
begin
  if p_amount is null or p_amount <= 0 then
    raise exception 'a hold is of at least 1 credit, not %', p_amount using errcode = 'invalid_parameter_value';
  end if;
  perform 1 from credits.balances b where b.account_id = p_account_id and b.kind = 'issued' for no key update;
  v_available := credits.available(p_account_id);

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

  insert into credits.holds (id, account_id, amount, state, due_at)
    values (p_hold_id, p_account_id, p_amount, 'open', v_due) on conflict do nothing;
  if not found then  -- a tombstone, or another account's hold, was committed since the look above
    return query select 'closed', false, 0, v_available, null::timestamptz;
    return;
  end if;
  insert into credits.transfers (idempotency_key, kind, account_id, hold_id, transaction_type)
    values ('hold:' || p_hold_id, 'hold', p_account_id, p_hold_id, 'hold') returning id into v_transfer;
  perform credits.draw(v_transfer, p_account_id, p_amount, 'held');
  return query select 'held', true, p_amount, v_available - p_amount, v_due;
end $$;

-- Captures some of a hold and releases the rest to the grants it came from, once; again answers with the first
-- settlement's figures. A hold that isn't there becomes a tombstone: account null, figures 0. Capturing takes what was drawn first.
create function credits.settle(p_hold_id uuid, p_capture integer)
returns table (is_new boolean, account_id uuid, captured integer, released integer, settled_at timestamptz)
language plpgsql security definer set search_path = '' as $$
declare
  v_hold credits.holds;
  v_transfer uuid;
begin
  if p_capture is null or p_capture < 0 then
    raise exception 'a settlement captures 0 or more, not %', p_capture using errcode = 'invalid_parameter_value';
  end if;
  select * into v_hold from credits.holds h where h.id = p_hold_id;
  if not found then
    insert into credits.holds (id, amount, captured, released, settled_at, state)
      values (p_hold_id, 0, 0, 0, clock_timestamp(), 'settled') on conflict do nothing;
    if found then
      return query select true, h.account_id, h.captured, h.released, h.settled_at
        from credits.holds h where h.id = p_hold_id;
      return;
    end if;
    select * into v_hold from credits.holds h where h.id = p_hold_id;
  end if;

  perform 1 from credits.balances b where b.account_id = v_hold.account_id and b.kind = 'issued' for no key update;
  select * into v_hold from credits.holds h where h.id = p_hold_id;
  if v_hold.state = 'settled' then
    return query select false, v_hold.account_id, v_hold.captured, v_hold.released, v_hold.settled_at;
    return;
  end if;
  if p_capture > v_hold.amount then
    raise exception 'hold % is of % credits, and % were to be captured', p_hold_id, v_hold.amount, p_capture
      using errcode = 'invalid_parameter_value';
  end if;

  insert into credits.transfers (idempotency_key, kind, account_id, hold_id, transaction_type)
    values ('settle:' || p_hold_id, 'settle', v_hold.account_id, p_hold_id,
      case when p_capture > 0 then 'analysis' else 'release' end)
    returning id into v_transfer;

  with part as (
    select e.line, b.id, b.grant_id, e.amount, sum(e.amount) over (order by e.line) - e.amount as before
    from credits.transfers t
    join credits.entries e on e.transfer_id = t.id
    join credits.balances b on b.id = e.balance_id and b.kind = 'held'
    where t.hold_id = p_hold_id and t.kind = 'hold'
  ), share as (
    select part.*, least(part.amount, greatest(p_capture - part.before, 0)) as captured from part
  ), side as (
    select s.line, 1 as side, s.id as balance_id, -s.amount as amount from share s
    union all
    select s.line, 2, b.id, s.captured from share s
    join credits.balances b on b.account_id = v_hold.account_id and b.kind = 'spent'
    union all
    select s.line, 3, b.id, s.amount - s.captured from share s
    join credits.balances b on b.account_id = v_hold.account_id and b.kind = 'available' and b.grant_id = s.grant_id
  )
  insert into credits.entries (transfer_id, line, account_id, balance_id, amount)
  select v_transfer, row_number() over (order by s.line, s.side), v_hold.account_id, s.balance_id, s.amount
  from side s where s.amount <> 0;

  return query
    update credits.holds h
      set state = 'settled', captured = p_capture, released = h.amount - p_capture,
        settled_at = clock_timestamp(), due_at = null, seq = h.seq + 1
      where h.id = p_hold_id
      returning true, h.account_id, h.captured, h.released, h.settled_at;
end $$;

-- Lets an open hold live p_life from now, never shorter than it has. Null: there is no open hold of this id.
create function credits.extend_hold(p_hold_id uuid, p_life interval) returns timestamptz
language sql security definer set search_path = '' as $$
  update credits.holds h set due_at = greatest(h.due_at, clock_timestamp() + p_life)
    where h.id = p_hold_id and h.state = 'open'
    returning h.due_at
$$;

-- Issues credits, once for each key. Asked again: the first grant's id, whatever the other arguments say.
-- A key that another account has used is refused: taken as done, somebody's credits would be lost in silence.
create function credits.grant(p_account_id uuid, p_amount integer, p_source text, p_idempotency_key text,
  p_expires_at timestamptz default null, p_priority integer default 100,
  p_description text default null, p_metadata jsonb default '{}')
returns table (grant_id uuid, is_new boolean)
language plpgsql security definer set search_path = '' as $$
declare
  v_grant credits.grants;
  v_transfer uuid;
begin
  if p_amount is null or p_amount <= 0 then
    raise exception 'a grant is of at least 1 credit, not %', p_amount using errcode = 'invalid_parameter_value';
  end if;
  insert into credits.balances (account_id, kind)
    values (p_account_id, 'issued'), (p_account_id, 'spent') on conflict do nothing;
  perform 1 from credits.balances b where b.account_id = p_account_id and b.kind = 'issued' for no key update;

  insert into credits.grants (account_id, source, amount, priority, expires_at, idempotency_key)
    values (p_account_id, p_source, p_amount, p_priority, p_expires_at, p_idempotency_key)
    on conflict (idempotency_key) do nothing returning * into v_grant;
  if v_grant.id is null then
    select * into strict v_grant from credits.grants g where g.idempotency_key = p_idempotency_key;
    if v_grant.account_id <> p_account_id then
      raise exception 'grant key % belongs to another account', p_idempotency_key using errcode = 'unique_violation';
    end if;
    return query select v_grant.id, false;
    return;
  end if;

  insert into credits.transfers (idempotency_key, kind, account_id, transaction_type, description, metadata)
    values ('grant:' || p_idempotency_key, 'grant', p_account_id, p_source, p_description, p_metadata)
    returning id into v_transfer;
  insert into credits.balances (account_id, kind, grant_id)
    values (p_account_id, 'available', v_grant.id), (p_account_id, 'held', v_grant.id);
  insert into credits.entries (transfer_id, line, account_id, balance_id, amount)
    select v_transfer, case b.kind when 'issued' then 1 else 2 end, p_account_id, b.id,
      case b.kind when 'issued' then -p_amount else p_amount end
    from credits.balances b
    where b.account_id = p_account_id
      and (b.kind = 'issued' or (b.kind = 'available' and b.grant_id = v_grant.id));
  return query select v_grant.id, true;
end $$;

-- For callers of the system before this one: positive grants, negative spends at once, without a hold. Returns the transfer's id.
create function public.deduct_credits(p_account_id uuid, p_amount integer, p_transaction_type text,
  p_description text, p_metadata jsonb default '{}', p_idempotency_key text default null)
returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  -- A key is the caller's own: two accounts may use the same.
  v_key text := 'deduct:' || p_account_id || ':' || coalesce(p_idempotency_key, gen_random_uuid()::text);
  v_available bigint;
  v_transfer uuid;
begin
  if p_amount is null or p_amount = 0 then
    raise exception 'an amount is positive (grants) or negative (spends)' using errcode = 'invalid_parameter_value';
  end if;
  if p_amount > 0 then
    perform credits.grant(p_account_id, p_amount, p_transaction_type, v_key,
      p_description => p_description, p_metadata => coalesce(p_metadata, '{}'));
    select t.id into strict v_transfer from credits.transfers t where t.idempotency_key = 'grant:' || v_key;
    return v_transfer;
  end if;

  perform 1 from credits.balances b where b.account_id = p_account_id and b.kind = 'issued' for no key update;
  select t.id into v_transfer from credits.transfers t where t.idempotency_key = 'spend:' || v_key;
  if found then
    return v_transfer;
  end if;
  v_available := credits.available(p_account_id);
  if v_available + p_amount < 0 then
    -- PT402: PostgREST, which existing callers come through, answers 402 to it.
    raise exception 'insufficient credits: % needed, % available', -p_amount, v_available using errcode = 'PT402';
  end if;
  insert into credits.transfers (idempotency_key, kind, account_id, transaction_type, description, metadata)
    values ('spend:' || v_key, 'spend', p_account_id, p_transaction_type, p_description, coalesce(p_metadata, '{}'))
    returning id into v_transfer;
  perform credits.draw(v_transfer, p_account_id, -p_amount, 'spent');
  return v_transfer;
end $$;

revoke execute on all functions in schema credits from public;
revoke execute on function public.deduct_credits from public;
grant execute on function credits.hold, credits.settle, credits.extend_hold, credits.grant to credits_service;
grant execute on function credits.grant to billing_service;
grant execute on function public.deduct_credits to service_role, credits_service;

reset role;

-- migrate:down
