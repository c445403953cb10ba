-- migrate:up
set local role analysis_owner;

-- Erasing looks for all leads of one name. As a B-tree that index was also taken for lists by name, where it reads the leads of all
-- accounts and sorts them; a hash answers equality alone.
drop index analysis.leads_of_name;
create index leads_of_name on analysis.leads using hash (username);

reset role;

-- migrate:down
