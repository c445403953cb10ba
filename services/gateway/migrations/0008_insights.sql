-- migrate:up
-- Measured values for users: the schema insights.
set local role insights_owner;

-- One row for each stored batch of points: a batch that is delivered again finds its row and adds nothing.
create table insights.batches (
  batch_id uuid primary key,
  stored_at timestamptz not null default now()
);
create index batches_old on insights.batches (stored_at);
select platform.protect('insights.batches', 'gateway_service', 'select, insert, update, delete');

-- Measured values as received: for a week, to check the roll-ups and to recompute them.
create table insights.points (
  account_id uuid not null,
  metric text not null check (length(metric) between 1 and 32),
  label text not null check (length(label) between 1 and 100),
  at timestamptz not null,
  value_us bigint not null check (value_us >= 0),
  batch_id uuid not null
);
create index points_old on insights.points (at);
select platform.protect('insights.points', 'gateway_service', 'select, insert, update, delete');

-- Sums by hour (UTC). `buckets`: how many values fell into each (insights/histogram.py), up to the last one that isn't empty.
create table insights.hourly (
  account_id uuid not null,
  metric text not null,
  hour timestamptz not null,
  label text not null,
  count bigint not null check (count > 0),
  total_us bigint not null check (total_us >= 0),
  buckets integer[] not null,
  primary key (account_id, metric, hour, label)
) with (fillfactor = 80);
create index hourly_old on insights.hourly (hour);
select platform.protect('insights.hourly', 'gateway_service', 'select, insert, update, delete');
select platform.show_to_members('insights.hourly');

create function insights.add_buckets(p_one integer[], p_other integer[]) returns integer[]
language sql immutable parallel safe set search_path = '' as $$
  select coalesce(array_agg(coalesce(b.one, 0) + coalesce(b.other, 0) order by b.n), '{}')
    from unnest(p_one, p_other) with ordinality as b (one, other, n)
$$;
grant execute on function insights.add_buckets to gateway_service;

reset role;

-- migrate:down
