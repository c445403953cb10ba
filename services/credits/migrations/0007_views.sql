-- migrate:up
-- What other services and the audit read.
set local role credits_owner;

-- How holds ended, for receipts. It runs as its owner: its readers see nothing else of a hold.
create view credits.settlements as
  select h.id as hold_id, h.settled_at, h.captured as captured_credits, h.released as released_credits
  from credits.holds h
  where h.state = 'settled';
grant select on credits.settlements to analysis_service;

-- Each balance next to the sum of its entries: what the audit compares.
create view credits.v_balances with (security_invoker = true) as
  select b.id as balance_id, b.account_id, b.kind, b.grant_id, b.amount, coalesce(e.amount, 0) as entries_amount
  from credits.balances b
  left join (select balance_id, sum(amount) as amount from credits.entries group by balance_id) e
    on e.balance_id = b.id;
grant select on credits.v_balances to credits_service;

-- The keys under which credits were granted, for billing's reconciliation. It runs as its owner: its readers see nothing else.
create view credits.grant_keys as
  select g.idempotency_key as grant_key, g.account_id, g.source, g.amount as credits, g.created_at from credits.grants g;
grant select on credits.grant_keys to billing_service;

-- The state of grants, for billing's reconciliation with Stripe. The views run as their owner: their readers see nothing else.
create view credits.grant_statuses as
  select g.idempotency_key as grant_key, g.amount as credits, g.reversed as taken_credits, g.freezes > 0 as is_frozen
    from credits.grants g;
grant select on credits.grant_statuses to billing_service;

create view credits.frozen_grants as
  select g.idempotency_key as grant_key from credits.grants g where g.freezes > 0;
grant select on credits.frozen_grants to billing_service;

create view credits.grant_reversals as
  select r.grant_key, r.created_at from credits.revocations r
  union all
  select f.grant_key, f.created_at from credits.freezes f;
grant select on credits.grant_reversals to billing_service;

reset role;

-- migrate:down
