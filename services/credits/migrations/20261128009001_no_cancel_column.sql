-- migrate:up
set local role credits_owner;

-- A cancel ends its row and raises the attempt, which stops whoever works on it.
-- contract: never set but where a raised attempt said the same, and nothing reads it since this version
alter table credits.holds drop column cancel_requested_at;
-- contract: never set but where a raised attempt said the same, and nothing reads it since this version
alter table credits.notices drop column cancel_requested_at;
-- contract: never set but where a raised attempt said the same, and nothing reads it since this version
alter table credits.job_runs drop column cancel_requested_at;

reset role;

-- migrate:down
