-- migrate:up
set local role identity_owner;

-- An invitation's token is shown once and kept as a hash: whoever reads this table can't accept in somebody's place.
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
-- One that is open for an address in an account: a new one takes the place of the old.
create unique index invitations_open on identity.invitations (account_id, email)
  where revoked_at is null and accepted_at is null;

alter table identity.invitations enable row level security;
alter table identity.invitations force row level security;
create policy owner_all on identity.invitations to identity_owner using (true) with check (true);
create policy service_all on identity.invitations to gateway_service using (true) with check (true);
create policy members_read on identity.invitations for select to authenticated
  using (account_id in (select public.user_account_ids()));
grant select, insert, update, delete on identity.invitations to gateway_service;
grant select (id, account_id, email, role, created_at, expires_at, revoked_at, accepted_at)
  on identity.invitations to authenticated;

-- Members of an account see who else is in it.
create policy fellows_read on identity.users for select to authenticated
  using (id in (select m.user_id from identity.members m where m.account_id in (select public.user_account_ids())));
grant delete on identity.members to gateway_service;

reset role;

-- migrate:down
