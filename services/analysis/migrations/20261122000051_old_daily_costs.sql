-- migrate:up
set local role analysis_owner;

-- What the daily clean-up looks for.
create index daily_costs_old on analysis.daily_costs (day);

reset role;

-- migrate:down
