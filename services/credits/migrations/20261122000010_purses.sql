-- migrate:up
set local role credits_owner;

-- One row for each account: what locks it, and what it has, rolled up by the trigger that moves balances. So an account
-- with ten thousand grants is held and settled as fast as one with a single grant.
create table credits.purses (
  account_id uuid primary key,
  -- With what has expired and isn't booked out yet: whoever decides takes that off (credits.overdue).
  available bigint not null default 0 check (available >= 0),
  held bigint not null default 0 check (held >= 0),
  frozen bigint not null default 0 check (frozen >= 0),
  debt bigint not null default 0 check (debt >= 0),
  is_low boolean not null default true  -- told of: false again only once it has risen to the threshold
) with (fillfactor = 50);

-- What is in force for all accounts; the service writes its settings here, since SQL callers cross thresholds too.
create table credits.policy (
  id smallint primary key default 1 check (id = 1),
  low_balance_credits integer not null check (low_balance_credits >= 0)
);
insert into credits.policy (low_balance_credits) values (5);

-- News that a transaction made, until the service has told it: a work row, whose id is the event's.
create table credits.notices (
  id uuid primary key default gen_random_uuid(),
  kind text not null check (kind in ('granted', 'low_balance')),
  account_id uuid not null,
  grant_id uuid,
  amount integer,
  source text,
  available bigint,
  threshold integer,
  state text not null default 'open' check (state = 'open'),
  attempt integer not null default 0,
  failures integer not null default 0,
  lease_until timestamptz,
  not_before timestamptz,
  due_at timestamptz default now(),
  progressed_at timestamptz,
  cancel_requested_at timestamptz,
  seq bigint not null default 0,
  created_at timestamptz not null default now(),
  constraint notices_granted check (kind <> 'granted' or (grant_id is not null and amount > 0 and source is not null)),
  constraint notices_low check (kind <> 'low_balance' or (available is not null and threshold is not null))
);
create index notices_due on credits.notices (due_at) where due_at is not null;

-- A refund or a lost dispute, recorded against a grant that may not have come yet. The figures are what became of it.
create table credits.revocations (
  idempotency_key text primary key,
  grant_key text not null,
  account_id uuid not null,
  amount integer check (amount > 0),  -- null: all of the grant
  taken integer not null default 0 check (taken >= 0),
  awaited integer not null default 0 check (awaited >= 0),
  owed integer not null default 0 check (owed >= 0),
  created_at timestamptz not null default now()
);
create index revocations_grant_key on credits.revocations (grant_key);

-- A dispute. One that was thawed before it froze refuses the late freeze.
create table credits.freezes (
  idempotency_key text primary key,
  grant_key text not null,
  account_id uuid not null,
  thawed_at timestamptz,
  created_at timestamptz not null default now()
);
create index freezes_grant_key on credits.freezes (grant_key);

alter table credits.grants
  add column is_drained boolean not null default true,  -- nothing is available: draws pass it by
  add column asked_back integer not null default 0,  -- by all its revocations: revoked + debt + awaited
  add column awaited integer not null default 0 check (awaited >= 0),  -- is taken from what is held, when that comes back
  add column freezes integer not null default 0 check (freezes >= 0),  -- open ones
  add column booked_out_at timestamptz,  -- what was available when it expired is in `expired`
  add constraint grants_asked_back check (asked_back between 0 and amount);
create index grants_draw on credits.grants (account_id, expires_at, priority, created_at, id) where not is_drained;
create index grants_expiring on credits.grants (expires_at) where expires_at is not null and booked_out_at is null;

-- Every credit that was issued is in one of these. `spent` is covered by a grant; `debt` was spent too, of a grant that was
-- taken back later.
alter table credits.balances drop constraint balances_kind_check, drop constraint balances_grant,
  add constraint balances_kind_check
    check (kind in ('issued', 'available', 'held', 'frozen', 'spent', 'expired', 'revoked', 'debt')),
  add constraint balances_grant check ((kind in ('issued', 'spent')) = (grant_id is null));
create index balances_debt on credits.balances (account_id) where kind = 'debt';
alter table credits.transfers drop constraint transfers_kind_check, add constraint transfers_kind_check
  check (kind in ('grant', 'hold', 'settle', 'spend', 'expire', 'revoke', 'freeze', 'thaw'));

-- What was there before this migration.
insert into credits.purses (account_id, available, held)
  select account_id, coalesce(sum(amount) filter (where kind = 'available'), 0),
    coalesce(sum(amount) filter (where kind = 'held'), 0)
  from credits.balances group by account_id;
update credits.purses set is_low = available < 5;
update credits.grants g set is_drained = false
  from credits.balances b where b.grant_id = g.id and b.kind = 'available' and b.amount > 0;

-- A transfer's lines come in one statement, and alone in it: their sum is looked at there and then. That a transfer isn't
-- empty is looked at when it commits.
drop trigger entries_balanced on credits.entries;

-- Balances move with the entries, by whatever statement writes them; nothing else moves them. What is rolled up moves along:
-- the account's purse, whether it has just become low, and which of its grants still have something. Line by line, since each of these
-- small statements keeps its plan; one statement for all took twice the time of a whole hold.
create or replace function credits.post_entries() returns trigger language plpgsql set search_path = '' as $$
declare
  v_line record;
  v_balance credits.balances;
  v_transfer uuid;
  v_account uuid;
  v_purse credits.purses;
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
    v_transfer := coalesce(v_transfer, v_line.transfer_id);
    v_account := coalesce(v_account, v_balance.account_id);
    if v_transfer <> v_line.transfer_id or v_account <> v_balance.account_id then
      raise exception 'the lines of transfer % came with those of another transfer or account', v_transfer
        using errcode = 'check_violation';
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
  if v_transfer is null then
    return null;
  end if;

  update credits.purses p
    set available = p.available + v_available, held = p.held + v_held, frozen = p.frozen + v_frozen, debt = p.debt + v_debt
    where p.account_id = v_account returning * into strict v_purse;
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

do $$
declare
  name text;
begin
  foreach name in array array['purses', 'policy', 'notices', 'revocations', 'freezes'] loop
    execute format('alter table credits.%I enable row level security', name);
    execute format('alter table credits.%I force row level security', name);
    execute format('create policy owner_all on credits.%I to credits_owner using (true) with check (true)', name);
    execute format('create policy service_read on credits.%I for select to credits_service using (true)', name);
    execute format('grant select on credits.%I to credits_service', name);
  end loop;
end $$;
create policy members_read on credits.purses for select to authenticated
  using (account_id in (select public.user_account_ids()));
grant select on credits.purses to authenticated;

-- The service tells what is to be told, and forgets it then.
create policy service_clock on credits.notices for update to credits_service using (true) with check (true);
create policy service_told on credits.notices for delete to credits_service using (true);
grant update (due_at, attempt, failures, lease_until, not_before), delete on credits.notices to credits_service;
create policy service_sets on credits.policy for update to credits_service using (true) with check (true);
grant update (low_balance_credits) on credits.policy to credits_service;

reset role;

-- migrate:down
