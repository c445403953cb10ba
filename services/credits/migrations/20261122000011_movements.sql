-- migrate:up
set local role credits_owner;

-- Every function that moves credits locks one row, the account's purse, before it touches another (but for the settled hold's own).
-- It reads what it decides on in a later statement, since a statement that waited for a lock still sees what was there before
-- it; and it takes the time after it, by the clock, since a transaction's time may be older than what it waited for.

create type credits.line as (kind text, grant_id uuid, amount integer);

-- Writes a transfer's lines, in one statement, in the order given; lines of nothing are left out. A balance that few grants ever
-- need is made here. The caller holds the account's lock.
create function credits.post(p_transfer_id uuid, p_account_id uuid, p_lines credits.line[]) returns void
language plpgsql set search_path = '' as $$
declare
  v_line credits.line;
  v_id bigint;
  v_ids bigint[] := '{}';
  v_amounts integer[] := '{}';
begin
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

-- The account's purse, locked until the transaction ends; made if this is the first anybody hears of the account.
create function credits.lock_purse(p_account_id uuid) returns credits.purses
language plpgsql set search_path = '' as $$
declare
  v_purse credits.purses;
begin
  select * into v_purse from credits.purses p where p.account_id = p_account_id for no key update;
  if not found then
    insert into credits.purses (account_id) values (p_account_id) on conflict do nothing;
    insert into credits.balances (account_id, kind)
      values (p_account_id, 'issued'), (p_account_id, 'spent') on conflict do nothing;
    select * into strict v_purse from credits.purses p where p.account_id = p_account_id for no key update;
  end if;
  return v_purse;
end $$;

-- What a purse calls available though its time has passed: not booked out yet.
create function credits.overdue(p_account_id uuid, p_now timestamptz) returns bigint
language plpgsql stable set search_path = '' as $$
begin
  return (
    select coalesce(sum(b.amount), 0)
    from credits.grants g
    join credits.balances b on b.grant_id = g.id and b.kind = 'available'
    where g.account_id = p_account_id and not g.is_drained and g.expires_at <= p_now
  );
end $$;

-- What an account can spend now.
create or replace function credits.available(p_account_id uuid) returns bigint
language sql stable set search_path = '' as $$
  select coalesce(max(p.available), 0) - credits.overdue(p_account_id, clock_timestamp())
  from credits.purses p where p.account_id = p_account_id
$$;

-- Takes an amount out of the grants: soonest-expiring first, then by priority, then the oldest. p_to is `held` (of the same
-- grant) or `spent`. The caller holds the account's lock and knows that there is enough.
drop function credits.draw(uuid, uuid, integer, text);
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
      select g.id, g.expires_at, g.priority, g.created_at from credits.grants g
      where g.account_id = p_account_id and not g.is_drained and (g.expires_at is null or g.expires_at > p_now)
      order by g.expires_at, g.priority, g.created_at, g.id limit p_amount
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

-- Sets credits aside. outcome: held (also when asked again), insufficient (and nothing is written), or closed: the id
-- was settled already, or is another account's.
create or replace function credits.hold(p_hold_id uuid, p_account_id uuid, p_amount integer, p_life interval)
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
  select p.available into v_available from credits.purses p where p.account_id = p_account_id for no key update;
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
  if not found then  -- a tombstone, or another account's hold, was committed since the look above
    return query select 'closed', false, 0, v_available, null::timestamptz;
    return;
  end if;
  perform credits.draw(v_transfer, p_account_id, p_amount, 'held', v_now);
  return query select 'held', true, p_amount, v_available - p_amount, v_now + p_life;
end $$;

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
    v_lines := v_lines || array[
      ('held', v_part.id, -v_part.amount), ('spent', null, v_captured - v_owed), ('debt', v_part.id, v_owed),
      ('revoked', v_part.id, v_taken), (v_part.back_to, v_part.id, v_part.amount - v_captured - v_taken)
    ]::credits.line[];
  end loop;
  insert into credits.transfers (idempotency_key, kind, account_id, hold_id, transaction_type)
    values ('settle:' || p_hold_id, 'settle', v_hold.account_id, p_hold_id,
      case when p_capture > 0 then 'analysis' else 'release' end)
    returning id into v_transfer;
  perform credits.post(v_transfer, v_hold.account_id, v_lines);
  return query select true, v_hold.account_id, v_hold.captured, v_hold.released, v_hold.settled_at;
end $$;

-- Issues credits, once for each key. Asked again: the first grant's id, whatever the other arguments say.
-- A key that another account has used is refused: taken as done, somebody's credits would be lost in silence. What was
-- recorded against the key before it came is netted in the same transfer: revocations take theirs, debts of the account are paid, the
-- oldest grant's first (what was spent of a grant that was taken back is now spent of this one), and the rest may be frozen.
create or replace function credits.grant(p_account_id uuid, p_amount integer, p_source text, p_idempotency_key text,
  p_expires_at timestamptz default null, p_priority integer default 100,
  p_description text default null, p_metadata jsonb default '{}')
returns table (grant_id uuid, is_new boolean)
language plpgsql security definer set search_path = '' as $$
declare
  v_purse credits.purses;
  v_grant credits.grants;
  v_debt record;
  v_back integer;
  v_freezes integer;
  v_left integer;
  v_paid integer := 0;
  v_lines credits.line[];
  v_transfer uuid;
begin
  if p_amount is null or p_amount <= 0 then
    raise exception 'a grant is of at least 1 credit, not %', p_amount using errcode = 'invalid_parameter_value';
  end if;
  v_purse := credits.lock_purse(p_account_id);
  select least(p_amount, coalesce(sum(coalesce(r.amount, p_amount)), 0)) into v_back
    from credits.revocations r where r.grant_key = p_idempotency_key and r.account_id = p_account_id;
  select count(*) into v_freezes
    from credits.freezes f
    where f.grant_key = p_idempotency_key and f.account_id = p_account_id and f.thawed_at is null;

  -- By the clock: two grants of one transaction are drawn in the order they were made.
  insert into credits.grants (account_id, source, amount, priority, expires_at, idempotency_key, created_at, asked_back, freezes)
    values (p_account_id, p_source, p_amount, p_priority, p_expires_at, p_idempotency_key, clock_timestamp(), v_back, v_freezes)
    on conflict (idempotency_key) do nothing returning * into v_grant;
  if v_grant.id is null then
    select * into strict v_grant from credits.grants g where g.idempotency_key = p_idempotency_key;
    if v_grant.account_id <> p_account_id then
      raise exception 'grant key % belongs to another account', p_idempotency_key using errcode = 'unique_violation';
    end if;
    return query select v_grant.id, false;
    return;
  end if;

  v_lines := array[('issued', null, -p_amount), ('revoked', v_grant.id, v_back)]::credits.line[];
  v_left := p_amount - v_back;
  if v_purse.debt > 0 and (p_expires_at is null or p_expires_at > clock_timestamp()) then
    for v_debt in
      select g.id, b.amount from credits.balances b join credits.grants g on g.id = b.grant_id
      where b.account_id = p_account_id and b.kind = 'debt' and b.amount > 0
      order by g.created_at, g.id
    loop
      exit when v_left = 0;
      v_debt.amount := least(v_debt.amount, v_left);
      v_left := v_left - v_debt.amount;
      v_paid := v_paid + v_debt.amount;
      v_lines := v_lines || array[('debt', v_debt.id, -v_debt.amount), ('revoked', v_debt.id, v_debt.amount)]::credits.line[];
    end loop;
  end if;
  v_lines := v_lines || array[
    ('spent', null, v_paid), (case when v_freezes > 0 then 'frozen' else 'available' end, v_grant.id, v_left)
  ]::credits.line[];

  insert into credits.balances (account_id, kind, grant_id)
    values (p_account_id, 'available', v_grant.id), (p_account_id, 'held', v_grant.id);
  insert into credits.transfers (idempotency_key, kind, account_id, transaction_type, description, metadata)
    values ('grant:' || p_idempotency_key, 'grant', p_account_id, p_source, p_description, p_metadata)
    returning id into v_transfer;
  perform credits.post(v_transfer, p_account_id, v_lines);
  insert into credits.notices (kind, account_id, grant_id, amount, source)
    values ('granted', p_account_id, v_grant.id, p_amount, p_source);
  return query select v_grant.id, true;
end $$;

-- For callers of the system before this one: positive grants, negative spends at once, without a hold. Returns the transfer's id.
create or replace function public.deduct_credits(p_account_id uuid, p_amount integer, p_transaction_type text,
  p_description text, p_metadata jsonb default '{}', p_idempotency_key text default null)
returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  -- A key is the caller's own: two accounts may use the same.
  v_key text := 'deduct:' || p_account_id || ':' || coalesce(p_idempotency_key, gen_random_uuid()::text);
  v_available bigint;
  v_now timestamptz;
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

  select p.available into v_available from credits.purses p where p.account_id = p_account_id for no key update;
  v_now := clock_timestamp();
  select t.id into v_transfer from credits.transfers t where t.idempotency_key = 'spend:' || v_key;
  if found then
    return v_transfer;
  end if;
  v_available := coalesce(v_available, 0) - credits.overdue(p_account_id, v_now);
  if v_available + p_amount < 0 then
    -- PT402: PostgREST, which existing callers come through, answers 402 to it.
    raise exception 'insufficient credits: % needed, % available', -p_amount, v_available using errcode = 'PT402';
  end if;
  insert into credits.transfers (idempotency_key, kind, account_id, transaction_type, description, metadata)
    values ('spend:' || v_key, 'spend', p_account_id, p_transaction_type, p_description, coalesce(p_metadata, '{}'))
    returning id into v_transfer;
  perform credits.draw(v_transfer, p_account_id, -p_amount, 'spent', v_now);
  return v_transfer;
end $$;

reset role;

-- migrate:down
