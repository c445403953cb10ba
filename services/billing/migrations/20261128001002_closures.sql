-- migrate:up
set local role billing_owner;

-- Stripe no longer has the customer: it was deleted there. Its events still say whose they are; a new one is made to sell to.
alter table billing.customers add column gone_at timestamptz;
grant update (gone_at) on billing.customers to billing_service;

-- What a deleted account leaves at Stripe: subscriptions that would be billed, pages that would still sell.
create table billing.account_closures (
  account_id uuid primary key,
  finished_at timestamptz,
  failures integer not null default 0,
  not_before timestamptz,
  reason text,
  created_at timestamptz not null default now()
);
create index account_closures_open on billing.account_closures (created_at) where finished_at is null;
alter table billing.account_closures enable row level security;
alter table billing.account_closures force row level security;
create policy owner_all on billing.account_closures to billing_owner using (true) with check (true);
create policy service_all on billing.account_closures to billing_service using (true) with check (true);
grant select, insert, update on billing.account_closures to billing_service;

create index disputes_lately on billing.disputes (updated_at);

-- Deleted accounts with something left at Stripe. One whose page was paid after all comes again, by its subscription.
create function billing.accounts_to_close(p_limit integer)
returns table (account_id uuid, deleted_at timestamptz, customers text[], subscriptions text[])
language sql stable security definer set search_path = '' as $$
  select d.account_id, d.deleted_at, coalesce(c.ids, '{}'), coalesce(s.ids, '{}')
    from identity.closed_accounts d
    left join billing.account_closures k on k.account_id = d.account_id
    cross join lateral (
      select array_agg(c.stripe_customer_id order by c.stripe_customer_id) as ids from billing.customers c
       where c.account_id = d.account_id and c.gone_at is null) c
    cross join lateral (
      select array_agg(s.stripe_subscription_id order by s.stripe_subscription_id) as ids from billing.subscriptions s
       where s.account_id = d.account_id and s.source = 'stripe' and s.state not in ('canceled', 'incomplete_expired')) s
   where (s.ids is not null or (c.ids is not null and k.finished_at is null))
     and (k.not_before is null or k.not_before <= now())
   order by d.deleted_at limit p_limit
$$;
grant execute on function billing.accounts_to_close(integer) to billing_service;

reset role;

-- migrate:down
