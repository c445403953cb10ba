-- migrate:up
set local role analysis_owner;

-- An operator's replay of a failed run is a new run, made as the gateway makes one.
grant execute on function
  analysis.accept_run(uuid, uuid, uuid, uuid, text, text, integer, interval, text) to analysis_service;

reset role;

-- migrate:down
