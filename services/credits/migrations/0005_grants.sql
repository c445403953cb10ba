-- migrate:up
-- Issuing, spending without a hold, and expiry.
set local role credits_owner;

-- The grant with this key; null if there is none yet, an error if it is another account's.
create function credits.grant_of(p_grant_key text, p_account_id uuid) returns credits.grants
language plpgsql stable set search_path = '' as $$
declare
  v_grant credits.grants;
begin
  select * into v_grant from credits.grants g where g.idempotency_key = p_grant_key;
  if v_grant.account_id <> p_account_id then
    raise exception 'grant key % belongs to another account', p_grant_key using errcode = 'unique_violation';
  end if;
  return v_grant;
end $$;

-- Issues credits, once for each key. A repeated call returns the first grant's id, whatever the other arguments are. A key of
-- another account is rejected: reporting it as done would silently lose credits. What was recorded against the key before
-- the grant is netted in the same transfer: revocations are applied, debts of the account are paid, the oldest grant's first
-- (what was spent of a revoked grant is now spent of this one), and the rest may be frozen.
create function credits.grant(p_account_id uuid, p_amount integer, p_source text, p_idempotency_key text,
  p_expires_at timestamptz default null, p_priority integer default 100,
  p_description text default null, p_metadata jsonb default '{}')
returns table (grant_id uuid, is_new boolean)
language plpgsql security definer set search_path = '' as $$
declare
  v_totals credits.account_balances;
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
  v_totals := credits.lock_account(p_account_id);
  select least(p_amount, coalesce(sum(coalesce(r.amount, p_amount)), 0)) into v_back
    from credits.revocations r where r.grant_key = p_idempotency_key and r.account_id = p_account_id;
  select count(*) into v_freezes
    from credits.freezes f
    where f.grant_key = p_idempotency_key and f.account_id = p_account_id and f.unfrozen_at is null;

  -- By the clock: two grants of one transaction are drawn in the order they were made.
  insert into credits.grants (account_id, source, amount, priority, expires_at, idempotency_key, created_at, reversed, freezes)
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
  if v_totals.debt > 0 and (p_expires_at is null or p_expires_at > clock_timestamp()) then
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
  insert into credits.transfers (idempotency_key, kind, account_id, transaction_type, description, metadata, expires_at)
    values ('grant:' || p_idempotency_key, 'grant', p_account_id, p_source, p_description, p_metadata, p_expires_at)
    returning id into v_transfer;
  perform credits.post(v_transfer, p_account_id, v_lines);
  insert into credits.notices (kind, account_id, grant_id, amount, source)
    values ('granted', p_account_id, v_grant.id, p_amount, p_source);
  return query select v_grant.id, true;
end $$;
grant execute on function credits.grant to billing_service, credits_service;

-- For callers of the previous system: a positive amount grants, negative spends at once, without a hold. Returns the transfer's id.
-- A key that moved another amount is rejected: it is another movement, and reporting it as done would lose it.
create function public.deduct_credits(p_account_id uuid, p_amount integer, p_transaction_type text,
  p_description text, p_metadata jsonb default '{}', p_idempotency_key text default null)
returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  -- Keys are scoped to the account: two accounts may use the same one.
  v_key text := 'deduct:' || p_account_id || ':' || coalesce(p_idempotency_key, gen_random_uuid()::text);
  v_wanted bigint := -p_amount::bigint;
  v_totals credits.account_balances;
  v_available bigint;
  v_moved bigint;
  v_now timestamptz;
  v_transfer uuid;
begin
  if p_amount is null or p_amount = 0 then
    raise exception 'an amount is positive (grants) or negative (spends)' using errcode = 'invalid_parameter_value';
  end if;
  v_totals := credits.lock_account(p_account_id);
  v_now := clock_timestamp();
  select t.id, coalesce(g.amount, s.change) into v_transfer, v_moved
    from credits.transfers t
    join credits.statement_lines s on s.transfer_id = t.id
    left join credits.grants g on t.kind = 'grant' and g.idempotency_key = v_key
    where t.idempotency_key in ('grant:' || v_key, 'spend:' || v_key);
  if found then
    if v_moved <> p_amount then
      raise exception 'key % moved % credits before, not %', p_idempotency_key, v_moved, p_amount
        using errcode = 'unique_violation';
    end if;
    return v_transfer;
  end if;
  if p_amount > 0 then
    perform credits.grant(p_account_id, p_amount, p_transaction_type, v_key,
      p_description => p_description, p_metadata => coalesce(p_metadata, '{}'));
    select t.id into strict v_transfer from credits.transfers t where t.idempotency_key = 'grant:' || v_key;
    return v_transfer;
  end if;

  v_available := v_totals.available - credits.overdue(p_account_id, v_now);
  -- A line holds at most 2^31 - 1 credits.
  if v_wanted > least(v_available, 2147483647) then
    -- PT402: PostgREST, which existing callers come through, answers 402 to it.
    raise exception 'insufficient credits: % needed, % available', v_wanted, v_available using errcode = 'PT402';
  end if;
  insert into credits.transfers (idempotency_key, kind, account_id, transaction_type, description, metadata)
    values ('spend:' || v_key, 'spend', p_account_id, p_transaction_type, p_description, coalesce(p_metadata, '{}'))
    returning id into v_transfer;
  perform credits.draw(v_transfer, p_account_id, v_wanted::integer, 'spent', v_now);
  return v_transfer;
end $$;
grant execute on function public.deduct_credits to credits_service, service_role;

-- Writes off what is left of expired grants, at most p_limit of them, and returns how many. One transfer for each account, at
-- most 200 grants of it in a pass, so that others get their turn. A locked account is left for the next pass: this function
-- locks several accounts, and must never wait for one while it holds another.
create function credits.expire_due(p_limit integer) returns integer
language plpgsql security definer set search_path = '' as $$
declare
  v_account uuid;
  v_grants uuid[];
  v_lines credits.line[];
  v_count integer := 0;
begin
  for v_account in
    select g.account_id from credits.grants g
    where g.expires_at <= clock_timestamp() and g.written_off_at is null
    group by g.account_id order by min(g.expires_at)
  loop
    exit when v_count >= p_limit;
    perform 1 from credits.account_balances p where p.account_id = v_account for no key update skip locked;
    continue when not found;
    with due as (
      select g.id from credits.grants g
      where g.account_id = v_account and g.expires_at <= clock_timestamp() and g.written_off_at is null
      order by g.expires_at, g.id limit least(p_limit - v_count, 200)
    ), written_off as (
      update credits.grants g set written_off_at = clock_timestamp() from due
      where g.id = due.id and g.written_off_at is null returning g.id
    )
    select array_agg(w.id order by w.id) into v_grants from written_off w;
    continue when v_grants is null;
    v_count := v_count + cardinality(v_grants);
    select array_agg((l.kind, b.grant_id, l.amount)::credits.line order by b.grant_id, l.kind) into v_lines
      from credits.balances b
      cross join lateral (values ('available', -b.amount::integer), ('expired', b.amount::integer)) as l(kind, amount)
      where b.grant_id = any(v_grants) and b.kind = 'available' and b.amount > 0;
    if v_lines is not null then
      perform credits.transfer('expire:' || v_grants[1], 'expire', v_account, 'expire', v_lines);
    end if;
  end loop;
  return v_count;
end $$;
grant execute on function credits.expire_due to credits_service;

reset role;

-- migrate:down
