-- migrate:up
set local role analysis_owner;

-- As before, for the first hundred states and the end: a run that waits for hours for its suppliers comes and goes often.
create or replace function analysis.keep_run_steps() returns trigger language plpgsql set search_path = '' as $$
begin
  if tg_op = 'INSERT' or (new.state is distinct from old.state
     and (pg_catalog.jsonb_array_length(new.steps) < 100 or new.state in ('completed', 'failed', 'cancelled'))) then
    new.steps := new.steps || pg_catalog.jsonb_build_object('step', new.state, 'at', pg_catalog.clock_timestamp());
  end if;
  -- The bulk's row sees to the settlement, so nobody announces this one again.
  if new.bulk_id is not null and new.state in ('completed', 'failed', 'cancelled') then
    new.due_at := null;
  end if;
  return new;
end $$;

reset role;

-- migrate:down
