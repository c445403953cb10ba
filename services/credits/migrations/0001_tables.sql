-- migrate:up
-- The ledger's tables. Rules on them: 0002_rules.sql.
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
  created_at timestamptz not null default now(),
  is_depleted boolean not null default true,  -- nothing is available: draws skip it
  reversed integer not null default 0,  -- by all its revocations: revoked + debt + awaited
  awaited integer not null default 0 check (awaited >= 0),  -- to be revoked from held credits when they are released
  freezes integer not null default 0 check (freezes >= 0),  -- open ones
  written_off_at timestamptz,  -- what was available at expiry was moved to `expired`
  constraint grants_reversed check (reversed between 0 and amount)
);
create index grants_account on credits.grants (account_id, created_at);
create index grants_draw on credits.grants (account_id, expires_at, priority, created_at, id) where not is_depleted;
create index grants_expiring on credits.grants (expires_at) where expires_at is not null and written_off_at is null;
create index grants_due_of_account on credits.grants (account_id, expires_at)
  where expires_at is not null and written_off_at is null;
create index grants_frozen on credits.grants (idempotency_key) where freezes > 0;
select platform.protect('credits.grants', 'credits_service', 'select');
select platform.show_to_members('credits.grants');

-- The accounts of the ledger, each with the sum of its entries. All of them belong to one customer account, the
-- system's side too (`issued`): a single system row would be one lock for the whole fleet.
create table credits.balances (
  id bigint generated always as identity primary key,
  account_id uuid not null,
  kind text not null check
    (kind in ('issued', 'available', 'held', 'frozen', 'spent', 'expired', 'revoked', 'debt')),
  grant_id uuid references credits.grants (id),
  amount bigint not null default 0,
  -- What was issued is owed by the system, so only it is below zero.
  constraint balances_never_negative check (kind = 'issued' or amount >= 0),
  unique nulls not distinct (account_id, kind, grant_id),
  constraint balances_grant check ((kind in ('issued', 'spent')) = (grant_id is null))
) with (fillfactor = 70);
create index balances_grant_id on credits.balances (grant_id) where grant_id is not null;
create index balances_debt on credits.balances (account_id) where kind = 'debt';
select platform.protect('credits.balances', 'credits_service', 'select');
select platform.show_to_members('credits.balances');

-- One row for each account: its lock, and the sums of its balances, which the trigger on entries maintains. So holding and
-- settling takes as long for an account with ten thousand grants as for one with a single grant.
create table credits.account_balances (
  account_id uuid primary key,
  -- Includes what has expired and is not written off yet: decisions subtract that (credits.overdue).
  available bigint not null default 0 check (available >= 0),
  held bigint not null default 0 check (held >= 0),
  frozen bigint not null default 0 check (frozen >= 0),
  debt bigint not null default 0 check (debt >= 0),
  is_low boolean not null default true,  -- the notice was created; false again once the balance reaches the threshold
  position bigint not null default 0,  -- of the account's last statement line
  reversal_count integer not null default 0  -- how many revocations and freezes the account has
) with (fillfactor = 50);
select platform.protect('credits.account_balances', 'credits_service', 'select');
select platform.show_to_members('credits.account_balances');

-- Settings for all accounts; the service writes them here, since SQL callers cross thresholds too.
create table credits.policy (
  id smallint primary key default 1 check (id = 1),
  low_balance_credits integer not null check (low_balance_credits >= 0)
);
select platform.protect('credits.policy', 'credits_service', 'select');
create policy service_sets on credits.policy for update to credits_service using (true) with check (true);
grant update (low_balance_credits) on credits.policy to credits_service;
insert into credits.policy (low_balance_credits) values (5);

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
  seq bigint not null default 0,
  created_at timestamptz not null default now(),
  constraint holds_open check (state <> 'open' or (account_id is not null and amount > 0 and due_at is not null
    and captured is null and released is null and settled_at is null)),
  constraint holds_settled check (state <> 'settled' or (captured >= 0 and released >= 0
    and captured + released = amount and settled_at is not null and due_at is null))
);
create index holds_due on credits.holds (due_at) where due_at is not null;
create index holds_account on credits.holds (account_id);
create index holds_tombstones on credits.holds (settled_at) where account_id is null;
select platform.protect('credits.holds', 'credits_service', 'select');
-- The service moves a hold's work columns; only functions move its credits.
create policy service_clock on credits.holds for update to credits_service using (true) with check (true);
grant update (attempt, failures, lease_until, not_before, due_at, progressed_at, seq) on credits.holds to
  credits_service;

create table credits.transfers (
  id uuid primary key default gen_random_uuid(),
  idempotency_key text not null unique,
  kind text not null check (kind in ('grant', 'hold', 'settle', 'spend', 'expire', 'revoke', 'freeze', 'thaw')),
  account_id uuid not null,
  hold_id uuid,
  transaction_type text not null,  -- the caller's name for it, shown to users
  description text,
  metadata jsonb not null default '{}',
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  unique (hold_id, kind)
);
create index transfers_account on credits.transfers (account_id, created_at desc, id);
select platform.protect('credits.transfers', 'credits_service', 'select');
select platform.show_to_members('credits.transfers');

create table credits.entries (
  transfer_id uuid not null references credits.transfers (id),
  line smallint not null,  -- within a hold: the order in which its grants were drawn
  account_id uuid not null,
  balance_id bigint not null references credits.balances (id),
  amount integer not null check (amount <> 0),
  primary key (transfer_id, line)
);
create index entries_account on credits.entries (account_id);
select platform.protect('credits.entries', 'credits_service', 'select');
select platform.show_to_members('credits.entries');

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
  primary key (account_id, position),
  constraint statement_lines_never_negative check (least(available, held, frozen, debt) >= 0)
);
select platform.protect('credits.statement_lines', 'credits_service', 'select');
select platform.show_to_members('credits.statement_lines');

-- A refund or a lost dispute, recorded against a grant that may not exist yet. The amounts say what it changed.
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
create index revocations_created on credits.revocations (created_at);
select platform.protect('credits.revocations', 'credits_service', 'select');

-- A dispute. A freeze that arrives after the end of its dispute is rejected.
create table credits.freezes (
  idempotency_key text primary key,
  grant_key text not null,
  account_id uuid not null,
  unfrozen_at timestamptz,
  created_at timestamptz not null default now()
);
create index freezes_grant_key on credits.freezes (grant_key);
create index freezes_created on credits.freezes (created_at);
select platform.protect('credits.freezes', 'credits_service', 'select');

-- Events that a transaction recorded and the service has not published yet: a work row, whose id is the event's.
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
  seq bigint not null default 0,
  created_at timestamptz not null default now(),
  constraint notices_granted check (kind <> 'granted' or (grant_id is not null and amount > 0 and source is not null)),
  constraint notices_low check (kind <> 'low_balance' or (available is not null and threshold is not null))
);
create index notices_due on credits.notices (due_at) where due_at is not null;
select platform.protect('credits.notices', 'credits_service', 'select');
-- The service publishes a notice, then deletes it.
create policy service_clock on credits.notices for update to credits_service using (true) with check (true);
create policy service_deletes on credits.notices for delete to credits_service using (true);
grant delete, update (attempt, failures, lease_until, not_before, due_at) on credits.notices to credits_service;

-- What the audit found. A row that the audit no longer finds is marked resolved, and stays.
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
select platform.protect('credits.differences', 'credits_service', 'select, insert, update');

select platform.create_job_runs('credits', 'credits_service');

reset role;

-- migrate:down
