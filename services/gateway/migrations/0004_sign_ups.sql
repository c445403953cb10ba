-- migrate:up
-- Trials of new accounts.
set local role identity_owner;

-- A new account's trial, as a work row: billing and the ledger grant the credits.
--   due      its network has used today's trials; it is tried again on the next day
--   allowed  billing may start the free plan, and is called until it confirms that it has
--   done, refused (reason)
create table identity.sign_ups (
  account_id uuid primary key references identity.accounts (id) on delete cascade,
  network text,  -- keyed hash; null once it isn't needed
  reason text,
  state text not null check (state in ('due', 'challenge', 'allowed', 'done', 'refused')),
  attempt integer not null default 0,
  failures integer not null default 0,
  lease_until timestamptz,
  not_before timestamptz,
  due_at timestamptz,
  progressed_at timestamptz,
  seq bigint not null default 0,
  created_at timestamptz not null default now(),
  mail_host text
);
create index sign_ups_due on identity.sign_ups (due_at) where due_at is not null;
select platform.protect('identity.sign_ups', 'gateway_service', 'select, insert, update');

-- How many trials a network got on a day (UTC).
create table identity.sign_up_networks (
  day date not null,
  network text not null,
  trials integer not null check (trials > 0),
  primary key (day, network)
);
select platform.protect('identity.sign_up_networks', 'gateway_service', 'select, insert, update, delete');

-- Accounts that billing may start on the free plan. It runs as its owner: its reader sees nothing else of an account.
create view identity.trial_accounts as
  select s.account_id from identity.sign_ups s where s.state = 'allowed';
grant select on identity.trial_accounts to billing_service;

reset role;

-- migrate:down
