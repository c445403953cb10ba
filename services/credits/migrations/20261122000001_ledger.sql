-- migrate:up
set local role credits_owner;

-- A portion of credits with one origin. What is left of it is its `available` balance.
create table credits.grants (
  id uuid primary key default gen_random_uuid(),
  account_id uuid not null,  -- no foreign key: purging an account leaves its entries
  source text not null check (source <> ''),
  amount integer not null check (amount > 0),
  priority integer not null,  -- lower is drawn first, among grants that expire together
  expires_at timestamptz,
  idempotency_key text not null unique,
  created_at timestamptz not null default now()
);
create index grants_account on credits.grants (account_id, created_at);

-- The accounts of the ledger, each with the sum of its entries. All of them belong to one customer account, the
-- system's side too (`issued`): a single system row would be one lock for the whole fleet.
create table credits.balances (
  id bigint generated always as identity primary key,
  account_id uuid not null,
  kind text not null check (kind in ('issued', 'available', 'held', 'spent', 'expired', 'debt')),
  grant_id uuid references credits.grants (id),
  amount bigint not null default 0,
  -- What was issued is owed by the system, so it alone is below zero.
  constraint balances_never_negative check (kind = 'issued' or amount >= 0),
  constraint balances_grant check ((kind in ('available', 'held')) = (grant_id is not null)),
  unique nulls not distinct (account_id, kind, grant_id)
) with (fillfactor = 70);
create index balances_grant_id on credits.balances (grant_id) where grant_id is not null;

-- A run's or a bulk's claim on credits, as a work row; its id is the run's or the bulk's.
create table credits.holds (
  id uuid primary key,
  account_id uuid,  -- null: settled before it was ever held, a tombstone that refuses the late hold
  amount integer not null,
  captured integer,
  released integer,
  settled_at timestamptz,
  state text not null check (state in ('open', 'settled')),
  attempt integer not null default 0,
  failures integer not null default 0,
  lease_until timestamptz,
  not_before timestamptz,
  due_at timestamptz,
  progressed_at timestamptz,
  cancel_requested_at timestamptz,
  seq bigint not null default 0,
  created_at timestamptz not null default now(),
  constraint holds_open check (state <> 'open' or (account_id is not null and amount > 0 and due_at is not null
    and captured is null and released is null and settled_at is null)),
  constraint holds_settled check (state <> 'settled' or (captured >= 0 and released >= 0
    and captured + released = amount and settled_at is not null and due_at is null))
);
create index holds_due on credits.holds (due_at) where due_at is not null;
create index holds_account on credits.holds (account_id);

create table credits.transfers (
  id uuid primary key default gen_random_uuid(),
  idempotency_key text not null unique,
  kind text not null check (kind in ('grant', 'hold', 'settle', 'spend', 'expire', 'revoke', 'freeze', 'repay')),
  account_id uuid not null,
  hold_id uuid,
  transaction_type text not null,  -- the caller's word for it, shown to users
  description text,
  metadata jsonb not null default '{}',
  created_at timestamptz not null default now(),
  unique (hold_id, kind)
);
create index transfers_account on credits.transfers (account_id, created_at desc, id);

create table credits.entries (
  transfer_id uuid not null references credits.transfers (id),
  line smallint not null,  -- within a hold: the order in which its grants were drawn
  account_id uuid not null,
  balance_id bigint not null references credits.balances (id),
  amount integer not null check (amount <> 0),
  primary key (transfer_id, line)
);
create index entries_account on credits.entries (account_id);

-- Every transfer sums to zero, and none is empty. Deferred, so that its lines may come in any order.
create function credits.assert_balanced() returns trigger language plpgsql set search_path = '' as $$
declare
  v_transfer uuid;
  v_sum bigint;
begin
  if tg_table_name = 'transfers' then
    v_transfer := new.id;
  else
    v_transfer := new.transfer_id;
  end if;
  select sum(e.amount) into v_sum from credits.entries e where e.transfer_id = v_transfer;
  if v_sum is distinct from 0 then
    raise exception 'transfer % sums to %, not to 0', v_transfer, coalesce(v_sum::text, 'nothing')
      using errcode = 'check_violation';
  end if;
  return null;
end $$;

create constraint trigger transfers_balanced after insert on credits.transfers
  deferrable initially deferred for each row execute function credits.assert_balanced();
create constraint trigger entries_balanced after insert on credits.entries
  deferrable initially deferred for each row execute function credits.assert_balanced();

-- Balances move with the entries, by whatever statement writes them; nothing else moves them.
create function credits.post_entries() returns trigger language plpgsql set search_path = '' as $$
begin
  update credits.balances b
    set amount = b.amount + moved.amount
    from (select e.balance_id, sum(e.amount) as amount from posted e group by e.balance_id) moved
    where b.id = moved.balance_id;
  return null;
end $$;

create trigger entries_posted after insert on credits.entries
  referencing new table as posted for each statement execute function credits.post_entries();

-- What was written stays. Privileges are not enough: they don't bind the owner, whose functions write here.
create function credits.refuse_change() returns trigger language plpgsql set search_path = '' as $$
begin
  raise exception '%.% is immutable: % refused', tg_table_schema, tg_table_name, tg_op
    using errcode = 'insufficient_privilege';
end $$;

create trigger transfers_immutable before update or delete on credits.transfers
  for each row execute function credits.refuse_change();
create trigger transfers_not_truncated before truncate on credits.transfers
  for each statement execute function credits.refuse_change();
create trigger entries_immutable before update or delete on credits.entries
  for each row execute function credits.refuse_change();
create trigger entries_not_truncated before truncate on credits.entries
  for each statement execute function credits.refuse_change();
revoke update, delete, truncate on credits.entries from credits_owner;
-- The owner keeps UPDATE here: the foreign key of entries locks the transfer's row, which needs it. The trigger refuses the rest.
revoke delete, truncate on credits.transfers from credits_owner;

-- FORCE hides rows from the owner's own definer functions, unless a policy shows them.
do $$
declare
  name text;
begin
  foreach name in array array['grants', 'balances', 'holds', 'transfers', 'entries'] loop
    execute format('alter table credits.%I enable row level security', name);
    execute format('alter table credits.%I force row level security', name);
    execute format('create policy owner_all on credits.%I to credits_owner using (true) with check (true)', name);
    execute format('create policy service_read on credits.%I for select to credits_service using (true)', name);
    execute format('grant select on credits.%I to credits_service', name);
  end loop;

  -- What members may read of their own accounts.
  foreach name in array array['grants', 'balances', 'transfers', 'entries'] loop
    execute format('create policy members_read on credits.%I for select to authenticated
      using (account_id in (select public.user_account_ids()))', name);
    execute format('grant select on credits.%I to authenticated', name);
  end loop;
end $$;

-- The service moves a hold's clock; its money moves by functions alone.
create policy service_clock on credits.holds for update to credits_service using (true) with check (true);
grant update (attempt, failures, lease_until, not_before, due_at, progressed_at, seq) on credits.holds to credits_service;

reset role;

-- migrate:down
