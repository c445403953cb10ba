-- migrate:up
set local role credits_owner;

-- An account's history in order: one line for each transfer, with the account's balances after it. The position has no gaps,
-- so a line that is missing or was changed shows.
create table credits.statement_lines (
  account_id uuid not null,
  position bigint not null,
  transfer_id uuid not null unique references credits.transfers (id),
  change bigint not null,  -- of what is available
  available bigint not null,
  held bigint not null,
  frozen bigint not null,
  debt bigint not null,
  created_at timestamptz not null default clock_timestamp(),
  primary key (account_id, position)
);
alter table credits.purses
  add column position bigint not null default 0,  -- of the account's last statement line
  add column marks integer not null default 0;  -- how many revocations and freezes the account has
-- When the grant that a transfer made expires: the transfer can't be changed later.
alter table credits.transfers add column expires_at timestamptz;

-- The history before this migration, in the order of its times.
alter table credits.transfers disable trigger transfers_immutable;
update credits.transfers t set expires_at = g.expires_at
  from credits.grants g
  where t.kind = 'grant' and t.idempotency_key = 'grant:' || g.idempotency_key and g.expires_at is not null;
alter table credits.transfers enable trigger transfers_immutable;
insert into credits.statement_lines
  (account_id, position, transfer_id, change, available, held, frozen, debt, created_at)
select m.account_id, row_number() over past, m.id, m.available, sum(m.available) over past, sum(m.held) over past,
    sum(m.frozen) over past, sum(m.debt) over past, m.created_at
from (
  select t.id, t.account_id, t.created_at, coalesce(sum(e.amount) filter (where b.kind = 'available'), 0) as available,
    coalesce(sum(e.amount) filter (where b.kind = 'held'), 0) as held,
    coalesce(sum(e.amount) filter (where b.kind = 'frozen'), 0) as frozen,
    coalesce(sum(e.amount) filter (where b.kind = 'debt'), 0) as debt
  from credits.transfers t
  join credits.entries e on e.transfer_id = t.id
  join credits.balances b on b.id = e.balance_id
  group by t.id
) m
window past as (partition by m.account_id order by m.created_at, m.id rows unbounded preceding);
update credits.purses p set position = s.position
  from (select account_id, max(position) as position from credits.statement_lines group by account_id) s
  where s.account_id = p.account_id;
update credits.purses p set marks = m.marks
  from (
    select account_id, count(*) as marks
    from (select account_id from credits.revocations union all select account_id from credits.freezes) a
    group by account_id
  ) m
  where m.account_id = p.account_id;
-- No history goes below zero. What is older was ordered by times that may be equal.
alter table credits.statement_lines
  add constraint statement_lines_never_negative check (least(available, held, frozen, debt) >= 0) not valid;

alter table credits.statement_lines enable row level security;
alter table credits.statement_lines force row level security;
create policy owner_all on credits.statement_lines to credits_owner using (true) with check (true);
create policy service_read on credits.statement_lines for select to credits_service using (true);
create policy members_read on credits.statement_lines for select to authenticated
  using (account_id in (select public.user_account_ids()));
grant select on credits.statement_lines to credits_service, authenticated;

-- Which balances a transfer of a kind may take from (`-`) and add to (`+`).
create function credits.may_move(p_transfer_kind text, p_balance_kind text, p_amount bigint) returns boolean
language plpgsql immutable set search_path = '' as $$
begin
  return p_balance_kind || case when p_amount > 0 then '+' else '-' end = any (case p_transfer_kind
    when 'grant' then array['issued-', 'available+', 'frozen+', 'revoked+', 'debt-', 'spent+']
    when 'hold' then array['available-', 'held+']
    when 'settle' then array['held-', 'spent+', 'debt+', 'revoked+', 'available+', 'frozen+', 'expired+']
    when 'spend' then array['available-', 'spent+']
    when 'expire' then array['available-', 'expired+']
    when 'revoke' then array['available-', 'frozen-', 'expired-', 'spent-', 'revoked+', 'debt+']
    when 'freeze' then array['available-', 'frozen+']
    when 'thaw' then array['frozen-', 'available+', 'expired+']
    else array[]::text[]
  end);
end $$;
grant execute on function credits.may_move(text, text, bigint) to credits_service;

-- As before, and: a transfer moves only what its kind may move, and gets its line of the statement. A second batch of lines of
-- the same transfer finds the line there and is refused.
create or replace function credits.post_entries() returns trigger language plpgsql set search_path = '' as $$
declare
  v_line record;
  v_balance credits.balances;
  v_transfer uuid;
  v_kind text;
  v_account uuid;
  v_purse credits.purses;
  v_wrong text;
  v_sum bigint := 0;
  v_available bigint := 0;
  v_held bigint := 0;
  v_frozen bigint := 0;
  v_debt bigint := 0;
  v_threshold integer;
begin
  for v_line in
    select p.transfer_id, p.balance_id, sum(p.amount)::bigint as amount from posted p group by p.transfer_id, p.balance_id
  loop
    update credits.balances b set amount = b.amount + v_line.amount where b.id = v_line.balance_id returning * into v_balance;
    if v_transfer is null then
      v_transfer := v_line.transfer_id;
      v_account := v_balance.account_id;
      select t.kind into v_kind from credits.transfers t where t.id = v_transfer;
    end if;
    if v_transfer <> v_line.transfer_id or v_account <> v_balance.account_id then
      raise exception 'the lines of transfer % came with those of another transfer or account', v_transfer
        using errcode = 'check_violation';
    end if;
    if not credits.may_move(v_kind, v_balance.kind, v_line.amount) then
      v_wrong := v_balance.kind;
    end if;
    v_sum := v_sum + v_line.amount;
    case v_balance.kind
      when 'available' then
        v_available := v_available + v_line.amount;
        if v_balance.amount = 0 or v_balance.amount = v_line.amount then  -- to nothing, or from nothing
          update credits.grants g set is_drained = (v_balance.amount = 0) where g.id = v_balance.grant_id;
        end if;
      when 'held' then v_held := v_held + v_line.amount;
      when 'frozen' then v_frozen := v_frozen + v_line.amount;
      when 'debt' then v_debt := v_debt + v_line.amount;
      else null;  -- not rolled up
    end case;
  end loop;
  if v_sum <> 0 then
    raise exception 'the lines of transfer % do not sum to 0', v_transfer using errcode = 'check_violation';
  end if;
  if v_wrong is not null then
    raise exception 'a transfer of kind % does not move % this way', v_kind, v_wrong using errcode = 'check_violation';
  end if;
  if v_transfer is null then
    return null;
  end if;

  update credits.purses p
    set available = p.available + v_available, held = p.held + v_held, frozen = p.frozen + v_frozen, debt = p.debt + v_debt,
      position = p.position + 1
    where p.account_id = v_account returning * into strict v_purse;
  insert into credits.statement_lines (account_id, position, transfer_id, change, available, held, frozen, debt)
    values (v_account, v_purse.position, v_transfer, v_available, v_purse.available, v_purse.held, v_purse.frozen, v_purse.debt);
  select c.low_balance_credits into strict v_threshold from credits.policy c where c.id = 1;
  if v_purse.is_low <> (v_purse.available < v_threshold) then
    update credits.purses p set is_low = not p.is_low where p.account_id = v_account;
    if not v_purse.is_low then
      insert into credits.notices (kind, account_id, available, threshold)
        values ('low_balance', v_account, v_purse.available, v_threshold);
    end if;
  end if;
  return null;
end $$;

-- Revocations and freezes are counted, so that one that is deleted before its grant came is missed.
create function credits.count_mark() returns trigger language plpgsql set search_path = '' as $$
begin
  update credits.purses p set marks = p.marks + 1 where p.account_id = new.account_id;
  return null;
end $$;
create trigger revocations_counted after insert on credits.revocations for each row execute function credits.count_mark();
create trigger freezes_counted after insert on credits.freezes for each row execute function credits.count_mark();

-- What must not change. Privileges don't bind the owner, whose functions write here; these triggers do.
create trigger statement_lines_immutable before update or delete on credits.statement_lines
  for each row execute function credits.refuse_change();
create trigger grants_as_made before update on credits.grants for each row
  when ((old.id, old.account_id, old.source, old.amount, old.priority, old.expires_at, old.idempotency_key, old.created_at)
    is distinct from
    (new.id, new.account_id, new.source, new.amount, new.priority, new.expires_at, new.idempotency_key, new.created_at))
  execute function credits.refuse_change();
create trigger grants_kept before delete on credits.grants for each row execute function credits.refuse_change();
create trigger holds_as_made before update on credits.holds for each row
  when ((old.id, old.account_id, old.amount, old.created_at) is distinct from (new.id, new.account_id, new.amount, new.created_at)
    or (old.state = 'settled' and (old.state, old.captured, old.released, old.settled_at)
      is distinct from (new.state, new.captured, new.released, new.settled_at)))
  execute function credits.refuse_change();
create trigger holds_kept before delete on credits.holds for each row
  when (old.account_id is not null) execute function credits.refuse_change();  -- tombstones go
create trigger revocations_as_made before update on credits.revocations for each row
  when ((old.idempotency_key, old.grant_key, old.account_id, old.amount, old.created_at)
      is distinct from (new.idempotency_key, new.grant_key, new.account_id, new.amount, new.created_at)
    or (old.taken + old.awaited + old.owed > 0
      and (old.taken, old.awaited, old.owed) is distinct from (new.taken, new.awaited, new.owed)))
  execute function credits.refuse_change();
create trigger revocations_kept before delete on credits.revocations for each row execute function credits.refuse_change();
create trigger freezes_as_made before update on credits.freezes for each row
  when (old.thawed_at is not null or (old.idempotency_key, old.grant_key, old.account_id, old.created_at)
    is distinct from (new.idempotency_key, new.grant_key, new.account_id, new.created_at))
  execute function credits.refuse_change();
create trigger freezes_kept before delete on credits.freezes for each row execute function credits.refuse_change();
-- Balances and purses are moved by the triggers on entries and marks, never by a statement of their own.
create trigger balances_moved_by_entries before update on credits.balances for each row
  when (pg_catalog.pg_trigger_depth() = 0) execute function credits.refuse_change();
create trigger balances_kept before delete on credits.balances for each row execute function credits.refuse_change();
create trigger purses_moved_by_entries before update on credits.purses for each row
  when (pg_catalog.pg_trigger_depth() = 0) execute function credits.refuse_change();
create trigger purses_kept before delete on credits.purses for each row execute function credits.refuse_change();
do $$
declare
  name text;
begin
  foreach name in array array['statement_lines', 'grants', 'holds', 'revocations', 'freezes', 'balances', 'purses'] loop
    execute format('create trigger %s_not_truncated before truncate on credits.%I
      for each statement execute function credits.refuse_change()', name, name);
    execute format('revoke truncate on credits.%I from credits_owner', name);
  end loop;
end $$;

-- A hold comes due within a day, whoever moves its clock: pushed further it would lock credits with nobody to ask for it.
create function credits.assert_due_soon() returns trigger language plpgsql set search_path = '' as $$
begin
  if new.due_at > clock_timestamp() + interval '1 day' then
    raise exception 'hold % would come due at %, more than a day from now', new.id, new.due_at
      using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger holds_due_soon before insert or update of due_at on credits.holds
  for each row execute function credits.assert_due_soon();

-- As before, and: the transfer keeps when the grant expires. Issues credits, once for each key. Asked again: the first grant's
-- id, whatever the other arguments say.
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
  insert into credits.transfers (idempotency_key, kind, account_id, transaction_type, description, metadata, expires_at)
    values ('grant:' || p_idempotency_key, 'grant', p_account_id, p_source, p_description, p_metadata, p_expires_at)
    returning id into v_transfer;
  perform credits.post(v_transfer, p_account_id, v_lines);
  insert into credits.notices (kind, account_id, grant_id, amount, source)
    values ('granted', p_account_id, v_grant.id, p_amount, p_source);
  return query select v_grant.id, true;
end $$;

-- For callers of the system before this one: positive grants, negative spends at once, without a hold. Returns the transfer's id.
-- A key that moved another amount is refused: it is another movement, and taking it as done would lose it.
create or replace function public.deduct_credits(p_account_id uuid, p_amount integer, p_transaction_type text,
  p_description text, p_metadata jsonb default '{}', p_idempotency_key text default null)
returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  -- A key is the caller's own: two accounts may use the same.
  v_key text := 'deduct:' || p_account_id || ':' || coalesce(p_idempotency_key, gen_random_uuid()::text);
  v_wanted bigint := -p_amount::bigint;
  v_purse credits.purses;
  v_available bigint;
  v_moved bigint;
  v_now timestamptz;
  v_transfer uuid;
begin
  if p_amount is null or p_amount = 0 then
    raise exception 'an amount is positive (grants) or negative (spends)' using errcode = 'invalid_parameter_value';
  end if;
  v_purse := credits.lock_purse(p_account_id);
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

  v_available := v_purse.available - credits.overdue(p_account_id, v_now);
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

-- What an audit found and is still so. A row that is found no more is marked resolved, and stays.
create table credits.differences (
  what text not null,
  id text not null,
  detail text not null,
  first_seen_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  resolved_at timestamptz,
  primary key (what, id)
);
create index differences_open on credits.differences (first_seen_at) where resolved_at is null;
alter table credits.differences enable row level security;
alter table credits.differences force row level security;
create policy owner_all on credits.differences to credits_owner using (true) with check (true);
create policy service_all on credits.differences to credits_service using (true) with check (true);
grant select, insert, update on credits.differences to credits_service;

revoke execute on all functions in schema credits from public;

reset role;

-- migrate:down
