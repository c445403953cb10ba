-- migrate:up
set local role identity_owner;

-- Who has an address is the token issuer's business, and there it may pass from one user to another.
drop index identity.users_email;
create index users_email on identity.users (lower(email));

-- A new account's way to its trial credits: a row of work, since the credits are billing's and the ledger's to give.
--   due      its network has had its share of trials today; it is tried again on the next day
--   allowed  billing may start the free plan, and is asked until it says that it has
--   done, refused (reason)
create table identity.sign_ups (
  account_id uuid primary key references identity.accounts (id) on delete cascade,
  network text,  -- keyed hash; null once it isn't needed
  reason text,
  state text not null check (state in ('due', 'allowed', 'done', 'refused')),
  attempt integer not null default 0,
  failures integer not null default 0,
  lease_until timestamptz,
  not_before timestamptz,
  due_at timestamptz,
  progressed_at timestamptz,
  cancel_requested_at timestamptz,
  seq bigint not null default 0,
  created_at timestamptz not null default now()
);
create index sign_ups_due on identity.sign_ups (due_at) where due_at is not null;

-- How many trials a network got on a day (UTC).
create table identity.sign_up_networks (
  day date not null,
  network text not null,
  trials integer not null check (trials > 0),
  primary key (day, network)
);

do $$
declare
  name text;
begin
  foreach name in array array['sign_ups', 'sign_up_networks'] loop
    execute format('alter table identity.%I enable row level security', name);
    execute format('alter table identity.%I force row level security', name);
    execute format('create policy owner_all on identity.%I to identity_owner using (true) with check (true)', name);
    execute format('create policy service_all on identity.%I to gateway_service using (true) with check (true)', name);
  end loop;
end $$;
grant select, insert, update on identity.sign_ups to gateway_service;
grant select, insert, update, delete on identity.sign_up_networks to gateway_service;
grant insert on identity.members to gateway_service;

-- Whom billing may start on the free plan. It runs as its owner: its reader sees nothing else of an account.
create view identity.trial_accounts as
  select s.account_id from identity.sign_ups s where s.state = 'allowed';
grant usage on schema identity to billing_service;
grant select on identity.trial_accounts to billing_service;

-- A deleted account is nobody's any more, whatever still stands in its rows.
create or replace function public.user_account_ids() returns setof uuid
language sql stable security definer set search_path = '' as $$
  select m.account_id from identity.members m join identity.accounts a on a.id = m.account_id and a.deleted_at is null
   where m.user_id = (select auth.uid())
$$;

reset role;

-- migrate:down
