-- migrate:up
set local role analysis_owner;

-- An erasure looks for the other names of a profile.
create index scrapes_of_profile on analysis.scrapes (profile_id) where profile_id is not null;

reset role;

-- migrate:down
