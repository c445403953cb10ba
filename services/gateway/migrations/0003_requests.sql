-- migrate:up
-- Idempotent requests, limits of anonymous use, and jobs.
set local role identity_owner;

-- One row per Idempotency-Key and account. The run id derives from (account, key, generation); a closed or expired one raises
-- the generation. So the row remains after its 24 hours until the clean-up deletes it.
create table identity.idempotency (
  account_id uuid not null references identity.accounts (id) on delete cascade,
  key text not null check (length(key) between 1 and 255),
  body_hash text not null,
  generation integer not null check (generation >= 0),
  run_id uuid not null,
  status smallint not null check (status in (200, 202)),
  expires_at timestamptz not null,
  primary key (account_id, key)
);
create index idempotency_expired on identity.idempotency (expires_at);
select platform.protect('identity.idempotency', 'gateway_service', 'select, insert, update, delete');

-- How often a network (an IPv4 address, an IPv6 /64) has ordered today. `network` is a keyed hash; a row is deleted the next day.
create table identity.anonymous_uses (
  day date not null,
  network text not null,
  uses integer not null check (uses >= 0),
  primary key (day, network)
);
select platform.protect('identity.anonymous_uses', 'gateway_service', 'select, insert, update, delete');

select platform.create_job_runs('identity', 'gateway_service');

reset role;

-- migrate:down
