-- migrate:up
set local role billing_owner;

-- A cancel ends its row and raises the attempt, which stops whoever works on it.
-- contract: never set but where a raised attempt said the same, and nothing reads it since this version
alter table billing.webhook_events drop column cancel_requested_at;
-- contract: never set but where a raised attempt said the same, and nothing reads it since this version
alter table billing.job_runs drop column cancel_requested_at;

reset role;

-- migrate:down
