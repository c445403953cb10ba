-- migrate:up
set local role analysis_owner;

-- What lists show of a lead's profile beside its name and score, from the item that was analysed last. `emails` and `phones` are personal
-- data that the profile publishes; they go with the lead's row. Null or empty: analysed before this, or the profile says nothing.
alter table analysis.leads
  add column tier text,
  add column is_verified boolean,
  add column links text[] not null default '{}',
  add column emails text[] not null default '{}',
  add column phones text[] not null default '{}',
  add column summary text;

reset role;

-- migrate:down
