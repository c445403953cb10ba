-- migrate:up
-- What billing reports about a grant, in any order: refunds and disputes. Each is recorded against the grant's key, so it may
-- arrive before the grant, which then nets it (credits.grant).
set local role credits_owner;

-- Revokes credits of a grant, once for each key: p_amount of them, or all (null). All revocations together revoke at most the
-- grant. Credits that are left go first, then expired ones; held ones are awaited; spent ones become the grant's debt. Returns
-- what this call took, awaits and made debt. All 0: there is no such grant yet, or nothing is left of it to revoke.
create function credits.revoke(p_grant_key text, p_amount integer, p_idempotency_key text, p_account_id uuid)
returns table (is_new boolean, taken integer, awaited integer, owed integer)
language plpgsql security definer set search_path = '' as $$
declare
  v_done credits.revocations;
  v_grant credits.grants;
  v_left integer;
  v_available integer;
  v_frozen integer;
  v_expired integer;
  v_held integer;
  v_taken integer;
begin
  if p_amount <= 0 then
    raise exception 'a revocation is of at least 1 credit, not %', p_amount using errcode = 'invalid_parameter_value';
  end if;
  perform credits.lock_account(p_account_id);
  v_grant := credits.grant_of(p_grant_key, p_account_id);
  insert into credits.revocations (idempotency_key, grant_key, account_id, amount)
    values (p_idempotency_key, p_grant_key, p_account_id, p_amount) on conflict do nothing;
  if not found then
    select * into strict v_done from credits.revocations r where r.idempotency_key = p_idempotency_key;
    if (v_done.grant_key, v_done.account_id) <> (p_grant_key, p_account_id) then
      raise exception 'revocation key % was used for another grant', p_idempotency_key using errcode = 'unique_violation';
    end if;
    return query select false, v_done.taken, v_done.awaited, v_done.owed;
    return;
  end if;
  v_left := least(coalesce(p_amount, v_grant.amount), v_grant.amount - v_grant.reversed);
  if v_grant.id is null or v_left = 0 then
    return query select true, 0, 0, 0;
    return;
  end if;

  select coalesce(sum(b.amount) filter (where b.kind = 'available'), 0),
      coalesce(sum(b.amount) filter (where b.kind = 'frozen'), 0),
      coalesce(sum(b.amount) filter (where b.kind = 'expired'), 0),
      coalesce(sum(b.amount) filter (where b.kind = 'held'), 0)
    into v_available, v_frozen, v_expired, v_held
    from credits.balances b where b.grant_id = v_grant.id;
  v_available := least(v_available, v_left);
  v_frozen := least(v_frozen, v_left - v_available);
  v_expired := least(v_expired, v_left - v_available - v_frozen);
  v_taken := v_available + v_frozen + v_expired;
  v_held := least(v_held - v_grant.awaited, v_left - v_taken);
  v_left := v_left - v_taken - v_held;  -- the rest was spent

  update credits.grants g
    set reversed = g.reversed + v_taken + v_held + v_left, awaited = g.awaited + v_held
    where g.id = v_grant.id;
  update credits.revocations r set taken = v_taken, awaited = v_held, owed = v_left
    where r.idempotency_key = p_idempotency_key;
  if v_taken + v_left > 0 then
    perform credits.transfer('revoke:' || p_idempotency_key, 'revoke', p_account_id, 'revoke', array[
      ('available', v_grant.id, -v_available), ('frozen', v_grant.id, -v_frozen), ('expired', v_grant.id, -v_expired),
      ('revoked', v_grant.id, v_taken), ('spent', null, -v_left), ('debt', v_grant.id, v_left)
    ]::credits.line[]);
  end if;
  return query select true, v_taken, v_held, v_left;
end $$;
grant execute on function credits.revoke to billing_service, credits_service;

-- A key belongs to one dispute over one grant.
create function credits.assert_freeze(p_grant_key text, p_idempotency_key text, p_account_id uuid) returns void
language plpgsql stable set search_path = '' as $$
begin
  if not exists (
    select from credits.freezes f
    where f.idempotency_key = p_idempotency_key and f.grant_key = p_grant_key and f.account_id = p_account_id
  ) then
    raise exception 'freeze key % was used for another grant', p_idempotency_key using errcode = 'unique_violation';
  end if;
end $$;

-- Freezes what is left of a grant while it is disputed; credits that holds release meanwhile are frozen too. The key is the
-- dispute's; unfreeze takes the same one.
create function credits.freeze(p_grant_key text, p_idempotency_key text, p_account_id uuid)
returns table (is_new boolean, frozen integer)
language plpgsql security definer set search_path = '' as $$
declare
  v_grant credits.grants;
  v_amount integer;
begin
  perform credits.lock_account(p_account_id);
  v_grant := credits.grant_of(p_grant_key, p_account_id);
  insert into credits.freezes (idempotency_key, grant_key, account_id)
    values (p_idempotency_key, p_grant_key, p_account_id) on conflict do nothing;
  if not found then
    perform credits.assert_freeze(p_grant_key, p_idempotency_key, p_account_id);
    return query select false, 0;
    return;
  end if;
  update credits.grants g set freezes = g.freezes + 1 where g.id = v_grant.id;
  select coalesce(max(b.amount), 0) into v_amount
    from credits.balances b where b.grant_id = v_grant.id and b.kind = 'available';
  if v_amount > 0 then
    perform credits.transfer('freeze:' || p_idempotency_key, 'freeze', p_account_id, 'dispute',
      array[('available', v_grant.id, -v_amount), ('frozen', v_grant.id, v_amount)]::credits.line[]);
  end if;
  return query select true, v_amount;
end $$;
grant execute on function credits.freeze to billing_service, credits_service;

-- Ends a freeze. The last one of a grant makes its credits available again, or moves them to `expired` if the grant expired
-- meanwhile.
create function credits.unfreeze(p_grant_key text, p_idempotency_key text, p_account_id uuid)
returns table (is_new boolean, unfrozen integer)
language plpgsql security definer set search_path = '' as $$
declare
  v_grant credits.grants;
  v_amount integer;
begin
  perform credits.lock_account(p_account_id);
  v_grant := credits.grant_of(p_grant_key, p_account_id);
  insert into credits.freezes (idempotency_key, grant_key, account_id, unfrozen_at)
    values (p_idempotency_key, p_grant_key, p_account_id, clock_timestamp()) on conflict do nothing;
  if found then  -- it came before its freeze, which will find the key closed
    return query select true, 0;
    return;
  end if;
  perform credits.assert_freeze(p_grant_key, p_idempotency_key, p_account_id);
  update credits.freezes f set unfrozen_at = clock_timestamp()
    where f.idempotency_key = p_idempotency_key and f.unfrozen_at is null;
  if not found then
    return query select false, 0;
    return;
  end if;
  update credits.grants g set freezes = g.freezes - 1 where g.id = v_grant.id returning * into v_grant;
  select coalesce(max(b.amount), 0) into v_amount
    from credits.balances b where b.grant_id = v_grant.id and b.kind = 'frozen';
  if v_grant.freezes > 0 or v_amount = 0 then
    return query select true, 0;
    return;
  end if;
  perform credits.transfer('thaw:' || p_idempotency_key, 'thaw', p_account_id, 'dispute', array[
    ('frozen', v_grant.id, -v_amount),
    (case when v_grant.expires_at <= clock_timestamp() then 'expired' else 'available' end, v_grant.id, v_amount)
  ]::credits.line[]);
  return query select true, v_amount;
end $$;
grant execute on function credits.unfreeze to billing_service, credits_service;

reset role;

-- migrate:down
