-- migrate:up
set local role billing_owner;

-- analysis.queue_position() reads as its owner which plan a waiting run's account is on.
grant usage on schema billing to analysis_owner;
grant select on billing.account_plans to analysis_owner;

reset role;

-- migrate:down
