-- migrate:up
set local role analysis_owner;

-- What runs that have ended cost and brought, for operators: the gateway's service alone reads it. Figures of the rows
-- themselves, so they are right whatever became of data points. A call that outlives its run is added when it comes back.
create view analysis.run_costs as
select r.id as run_id, r.account_id, r.user_id, r.type, r.state as status, r.finished_at,
       case when r.state = 'completed' then r.price_credits else 0 end as charged_credits,
       r.call_count, r.input_tokens, r.cached_tokens, r.output_tokens, r.ai_cost_nano_usd, r.scrape_cost_nano_usd
  from analysis.runs r
 where r.finished_at is not null and r.state <> 'closed';
grant select on analysis.run_costs to gateway_service;

reset role;

-- migrate:down
