-- migrate:up
set local role analysis_owner;

-- An erasure looks for its name in everybody's rows, every few seconds while it is watched.
create index runs_of_name on analysis.runs (username);
create index runs_of_visitors_name on analysis.runs (username_hmac) where username_hmac is not null;
create index scrapes_of_name on analysis.scrapes (username);
create index leads_of_name on analysis.leads (username);
create index bulks_with_rejected on analysis.bulks (id) where rejected <> '[]';

reset role;

-- migrate:down
