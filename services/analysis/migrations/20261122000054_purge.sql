-- migrate:up
set local role analysis_owner;

-- What an account's purge looks for.
create index scrapes_of_account on analysis.scrapes (account_id) where account_id is not null and ended_at is not null;

reset role;

-- migrate:down
