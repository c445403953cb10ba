-- migrate:up
set local role identity_owner;

-- Who signed out: event streams and tickets from that sign-in end. `session` is the token's session_id; '' where its issuer names none, and
-- then all tokens of the user that were issued until `signed_out_at` are meant. A row outlives every ticket by far, and goes after 30 days.
create table identity.sign_outs (
  user_id uuid not null references identity.users (id) on delete cascade,
  session text not null check (length(session) <= 64),
  signed_out_at timestamptz not null default now(),
  primary key (user_id, session)
);
create index sign_outs_old on identity.sign_outs (signed_out_at);

alter table identity.sign_outs enable row level security;
alter table identity.sign_outs force row level security;
create policy owner_all on identity.sign_outs to identity_owner using (true) with check (true);
create policy service_all on identity.sign_outs to gateway_service using (true) with check (true);
grant select, insert, update, delete on identity.sign_outs to gateway_service;

-- Members see who invited.
grant select (invited_by) on identity.invitations to authenticated;

-- Open invitations of people who have left since, or may not invite any more. From now on they end with the role.
update identity.invitations i set revoked_at = now()
 where i.revoked_at is null and i.accepted_at is null
   and not exists (select from identity.members m
                    where m.account_id = i.account_id and m.user_id = i.invited_by and m.role in ('owner', 'admin'));

reset role;

-- migrate:down
