-- migrate:up
set local role billing_owner;

-- Plan and pack → credits, in one place. The service adds what its catalogue has and is missing here; it never overwrites.
create table billing.plans (
  plan text primary key,
  monthly_credits integer not null check (monthly_credits >= 0)
);

create table billing.packs (
  pack text primary key,
  credits integer not null check (credits > 0)
);

-- What a Stripe price sells. It goes before any metadata: a plan changed in Stripe's portal leaves the metadata stale.
create table billing.prices (
  stripe_price_id text primary key,
  plan text references billing.plans (plan),
  pack text references billing.packs (pack),
  "interval" text check ("interval" in ('month', 'year')),
  check (num_nonnulls(plan, pack) = 1),
  check ((plan is null) = ("interval" is null))
);
create index prices_plan on billing.prices (plan);
create index prices_pack on billing.prices (pack);

do $$
declare
  name text;
begin
  foreach name in array array['plans', 'packs', 'prices'] loop
    execute format('alter table billing.%I enable row level security', name);
    execute format('alter table billing.%I force row level security', name);
    execute format('create policy owner_all on billing.%I to billing_owner using (true) with check (true)', name);
    execute format('create policy service_all on billing.%I to billing_service using (true) with check (true)', name);
    execute format('grant select, insert on billing.%I to billing_service', name);
  end loop;
  -- GET /v1/plans is public; the gateway reads it as itself.
  foreach name in array array['plans', 'packs'] loop
    execute format('create policy gateway_read on billing.%I for select to gateway_service using (true)', name);
    execute format('grant select on billing.%I to gateway_service', name);
  end loop;
end $$;

reset role;

-- migrate:down
