-- migrate:up
-- Users, accounts and who belongs to which.
set local role identity_owner;

-- A user is a token's subject; the token issuer decides who may sign in.
create table identity.users (
  id uuid primary key,
  email text check (length(email) <= 320),
  created_at timestamptz not null default now(),
  mailbox text check (length(mailbox) <= 320)
);
-- Not unique: the token issuer decides which user has an address, and may give it to another one.
create index users_email on identity.users (lower(email));
create index users_mailbox on identity.users (mailbox);

-- The owner of credits, runs and leads. Members change, the account stays.
create table identity.accounts (
  id uuid primary key,
  name text not null check (length(name) between 1 and 120),
  kind text not null default 'personal' check (kind in ('personal', 'team', 'system')),
  created_at timestamptz not null default now(),
  deleted_at timestamptz,
  constraint accounts_system_stays check (kind <> 'system' or deleted_at is null)
);
-- For the daily clean-up.
create index accounts_deleted on identity.accounts (deleted_at) where deleted_at is not null;

create table identity.members (
  account_id uuid not null references identity.accounts (id) on delete cascade,
  user_id uuid not null references identity.users (id) on delete cascade,
  role text not null default 'member' check (role in ('owner', 'admin', 'member')),
  created_at timestamptz not null default now(),
  primary key (account_id, user_id)
);
create index members_of_user on identity.members (user_id);

-- The accounts of the current user, without deleted ones. Every policy for users reads it. STABLE and called in a sub-select,
-- so it runs once per statement.
create function public.user_account_ids() returns setof uuid
language sql stable security definer set search_path = '' as $$
  select m.account_id from identity.members m join identity.accounts a on a.id = m.account_id and a.deleted_at is null
   where m.user_id = (select auth.uid())
$$;
grant execute on function public.user_account_ids to authenticated;

select platform.protect('identity.users', 'gateway_service', 'select, insert, update, delete');
create policy own_row on identity.users for select to authenticated using (id = (select auth.uid()));
-- Members of an account see its other members.
create policy co_members_read on identity.users for select to authenticated
  using (id in (select m.user_id from identity.members m where m.account_id in (select public.user_account_ids())));
grant select on identity.users to authenticated;
select platform.protect('identity.accounts', 'gateway_service', 'select, insert, update, delete');
create policy members_read on identity.accounts for select to authenticated
  using (id in (select public.user_account_ids()));
grant select on identity.accounts to authenticated;
select platform.protect('identity.members', 'gateway_service', 'select, insert, update, delete');
select platform.show_to_members('identity.members');

-- An invitation's token is shown once and stored as a hash: reading this table is not enough to accept the invitation.
create table identity.invitations (
  id uuid primary key,
  account_id uuid not null references identity.accounts (id) on delete cascade,
  email text not null check (length(email) between 3 and 320 and email = lower(email)),
  role text not null check (role in ('admin', 'member')),
  token_hash bytea not null unique,
  invited_by uuid references identity.users (id) on delete set null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  revoked_at timestamptz,
  accepted_at timestamptz,
  accepted_by uuid references identity.users (id) on delete set null
);
create index invitations_of_account on identity.invitations (account_id, created_at desc, id desc);
create index invitations_invited_by on identity.invitations (invited_by);
create index invitations_accepted_by on identity.invitations (accepted_by);
create index invitations_expired on identity.invitations (expires_at);
-- One open invitation for an address in an account: a new one replaces the old one.
create unique index invitations_open on identity.invitations (account_id, email)
  where revoked_at is null and accepted_at is null;
select platform.protect('identity.invitations', 'gateway_service', 'select, insert, update, delete');
select platform.show_to_members('identity.invitations',
  'id, account_id, email, role, invited_by, created_at, expires_at, revoked_at, accepted_at');

-- Sign-outs: event streams and tickets of that session end. `session` is the token's session_id, or '' if its issuer sets none: then
-- the row means all tokens of the user that were issued until `signed_out_at`. Rows are deleted after 30 days.
create table identity.sign_outs (
  user_id uuid not null references identity.users (id) on delete cascade,
  session text not null check (length(session) <= 64),
  signed_out_at timestamptz not null default now(),
  primary key (user_id, session)
);
create index sign_outs_old on identity.sign_outs (signed_out_at);
select platform.protect('identity.sign_outs', 'gateway_service', 'select, insert, update, delete');

-- What remains of a purged account: its id, which the ledger's entries refer to, and by which other services purge.
create table identity.purged_accounts (
  account_id uuid primary key,
  deleted_at timestamptz not null,
  purged_at timestamptz not null default now()
);
select platform.protect('identity.purged_accounts', 'gateway_service', 'select, insert');

-- Deleted accounts, purged or not. It runs as its owner: its readers see only ids and times.
create view identity.closed_accounts as
  select a.id as account_id, a.deleted_at, null::timestamptz as purged_at from identity.accounts a where a.deleted_at is not null
  union all
  select p.account_id, p.deleted_at, p.purged_at from identity.purged_accounts p;
grant select on identity.closed_accounts to analysis_service, billing_owner, billing_service;

-- Anonymous runs belong to this account. It has no members, so it is in no list, and it cannot be deleted.
-- Ids: oslira_shared/anonymous.py.
insert into identity.accounts (id, name, kind)
  values ('6f736c69-7261-4000-8000-00000000a000', 'Anonymous callers', 'system');

reset role;

-- migrate:down
