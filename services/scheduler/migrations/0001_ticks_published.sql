-- migrate:up
set local role scheduler_owner;

-- One row for each past slot of each job. `baseline` is where counting began: the slot before the first one to publish.
create table scheduler.ticks_published (
  job text not null,
  slot timestamptz not null,
  state text not null check (state in ('baseline', 'due', 'published')),
  -- The replica that claims a due tick holds it until then; afterwards another one publishes it.
  lease_until timestamptz,
  published_at timestamptz,
  created_at timestamptz not null default now(),
  primary key (job, slot),
  check ((state = 'published') = (published_at is not null))
);
create index ticks_published_due on scheduler.ticks_published (slot) where state = 'due';
select platform.protect('scheduler.ticks_published', 'scheduler_service', 'select, insert, update, delete');

reset role;

-- migrate:down
