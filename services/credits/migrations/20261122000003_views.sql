-- migrate:up
set local role credits_owner;

-- How holds ended, for whoever shows receipts. It runs as its owner: readers of it see nothing else of a hold.
create view credits.settlements as
  select h.id as hold_id, h.settled_at, h.captured as captured_credits, h.released as released_credits
  from credits.holds h
  where h.state = 'settled';
grant select on credits.settlements to analysis_service;

-- Each balance beside the sum of its entries: what the audit compares.
create view credits.v_balances with (security_invoker = true) as
  select b.id as balance_id, b.account_id, b.kind, b.grant_id, b.amount, coalesce(e.amount, 0) as entries_amount
  from credits.balances b
  left join (select balance_id, sum(amount) as amount from credits.entries group by balance_id) e
    on e.balance_id = b.id;
grant select on credits.v_balances to credits_service;

reset role;

-- migrate:down
