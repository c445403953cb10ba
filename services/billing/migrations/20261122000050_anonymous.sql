-- migrate:up
set local role billing_owner;

-- As before, and: visitors without an account are on a plan of their own, which nobody can buy. What it lets run at once is in
-- analysis.plans, where it can be paused too.
create or replace view billing.account_plans as
  (select distinct on (s.account_id) s.account_id, s.plan
     from billing.subscriptions s join billing.plans p on p.plan = s.plan
    where s.state in ('active', 'trialing', 'past_due')
    order by s.account_id, p.monthly_credits desc, s.plan)
  union all
  select '6f736c69-7261-4000-8000-00000000a000'::uuid, 'anonymous';

reset role;

-- migrate:down
