-- migrate:up
set local role analysis_owner;

-- Copies of profile pictures in the media bucket, since the links expire. One per name; no row: show none.
create table analysis.avatars (
  username text primary key,
  key text not null,
  content_type text not null,
  copied_at timestamptz not null default now()
);
alter table analysis.avatars enable row level security;
alter table analysis.avatars force row level security;
create policy owner_all on analysis.avatars to analysis_owner using (true) with check (true);
create policy service_all on analysis.avatars to analysis_service using (true) with check (true);
create policy gateway_read on analysis.avatars for select to gateway_service using (true);
grant select, insert, update, delete on analysis.avatars to analysis_service;
grant select on analysis.avatars to gateway_service;

reset role;

-- migrate:down
