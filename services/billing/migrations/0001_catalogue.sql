-- migrate:up
-- Plans, packs and Stripe's prices of them.
set local role billing_owner;

-- Plan and pack → credits, in one place. The service adds what its catalogue has and is missing here; it never overwrites.
create table billing.plans (
  plan text primary key,
  monthly_credits integer not null check (monthly_credits >= 0),
  trial_credits integer not null default 0 check (trial_credits >= 0)
);
select platform.protect('billing.plans', 'billing_service', 'select, insert');
create policy members_read on billing.plans for select to authenticated using (true);
create policy gateway_read on billing.plans for select to gateway_service using (true);
grant select on billing.plans to authenticated;
grant select on billing.plans to gateway_service;
grant update (trial_credits) on billing.plans to billing_service;

create table billing.packs (
  pack text primary key,
  credits integer not null check (credits > 0)
);
select platform.protect('billing.packs', 'billing_service', 'select, insert');
create policy gateway_read on billing.packs for select to gateway_service using (true);
grant select on billing.packs to gateway_service;

-- What a Stripe price sells. It takes precedence over metadata, which is stale after a change of plan in Stripe's portal.
create table billing.prices (
  stripe_price_id text primary key,
  plan text references billing.plans (plan),
  pack text references billing.packs (pack),
  "interval" text check ("interval" in ('month', 'year')),
  position bigint generated always as identity,
  is_active boolean not null default true,
  constraint prices_sell check (num_nonnulls(plan, pack) <= 1 and (plan is null) = ("interval" is null))
);
create index prices_plan on billing.prices (plan);
create index prices_pack on billing.prices (pack);
select platform.protect('billing.prices', 'billing_service', 'select, insert');
grant update (is_active) on billing.prices to billing_service;

reset role;

-- migrate:down
