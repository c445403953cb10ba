-- migrate:up
set local role analysis_owner;

-- Whether a completed run made its lead, or found it.
alter table analysis.runs add column is_new_lead boolean;
grant select (is_new_lead) on analysis.runs to authenticated, gateway_service;
create or replace view analysis.receipts as
select r.id as run_id, r.account_id, r.bulk_id, coalesce(r.bulk_id, r.id) as hold_id, r.steps, r.call_count, r.input_tokens, r.cached_tokens,
       r.output_tokens, r.ai_cost_nano_usd, r.scrape_cost_nano_usd, r.is_from_cache, r.settled_at, r.attempt,
       s.id as scrape_id, s.state as scrape_state, s.outcome as scrape_outcome, s.intent_at as scrape_started_at,
       s.ended_at as scrape_ended_at, s.attempt as scrape_attempt,
       s.promoted_for is distinct from r.id as is_shared, r.lead_id, r.is_new_lead
  from analysis.runs r left join analysis.scrapes s on s.id = r.scrape_id
 where r.state <> 'closed';

reset role;

-- migrate:down
