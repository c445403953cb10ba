-- migrate:up
-- What members, other services and the audit read.
set local role analysis_owner;

-- Steps that nothing is promoted to now, and until when: scraping needs Apify, scoring needs one of the two model suppliers.
create view analysis.suspended_steps with (security_invoker = true) as
select 'scrape' as waits_for, o.down_until from analysis.outages o where o.supplier = 'apify' and o.down_until > now()
union all
select 'score', min(o.down_until) from analysis.outages o
 where o.supplier in ('openai', 'anthropic') and o.down_until > now() having count(*) = 2;
grant select on analysis.suspended_steps to analysis_service, authenticated, gateway_service;

-- Runs as members read them, without tombstones and redacted ones. `current_step` shows that a run waits for a suspended step,
-- also while its next attempt is postponed. A draft is the result of its run.
create view analysis.run_view with (security_invoker = true) as
select r.id as run_id, r.account_id, r.business_profile_id, r.type, r.username, r.state as status, r.progress,
       case when split_part(r.waits_for, '_', 1) = any (array(select d.waits_for from analysis.suspended_steps d))
              then 'supplier_unavailable' else r.current_step end as current_step,
       r.state = 'cancelled' as should_cancel, r.waits_for, r.is_from_cache, r.lead_id,
       coalesce(a.result, d.draft) as result, r.error_code, r.error_detail, r.price_credits, r.charged_credits, r.released_credits,
       r.seq, r.created_at, r.finished_at, r.settled_at
  from analysis.runs r
  left join analysis.analyses a on a.run_id = r.id
  left join analysis.drafts d on d.run_id = r.id
 where r.state <> 'closed' and r.redacted_at is null;
grant select on analysis.run_view to analysis_service, authenticated, gateway_service;

-- One row per model call, for receipts: the gateway filters by the account, after it has read the run as its member.
create view analysis.receipt_calls as
select u.run_id, u.account_id, u.call, u.attempt, u.provider, u.model, u.prompt_version, u.state, u.input_tokens, u.cached_tokens,
       u.output_tokens, u.cost_nano_usd, u.duration_ms, u.created_at
  from analysis.ai_usage_logs u;
grant select on analysis.receipt_calls to gateway_service;

-- A run's sums and the scrape it used. `is_shared`: another run paid for that scrape.
create view analysis.receipts as
select r.id as run_id, r.account_id, r.bulk_id, coalesce(r.bulk_id, r.id) as hold_id, r.steps, r.call_count, r.input_tokens, r.cached_tokens,
       r.output_tokens, r.ai_cost_nano_usd, r.scrape_cost_nano_usd, r.is_from_cache, r.settled_at, r.attempt,
       s.id as scrape_id, s.state as scrape_state, s.outcome as scrape_outcome, s.intent_at as scrape_started_at,
       s.ended_at as scrape_ended_at, s.attempt as scrape_attempt,
       s.promoted_for is distinct from r.id as is_shared, r.lead_id, r.is_new_lead
  from analysis.runs r left join analysis.scrapes s on s.id = r.scrape_id
 where r.state <> 'closed';
grant select on analysis.receipts to gateway_service;

-- Costs and charges of ended runs, for operators; only the gateway's service reads it. Computed from the rows themselves, so it
-- does not depend on data points. A call that outlives its run is added when it returns.
create view analysis.run_costs as
select r.id as run_id, r.account_id, r.user_id, r.type, r.state as status, r.finished_at,
       case when r.state = 'completed' then r.price_credits else 0 end as charged_credits,
       r.call_count, r.input_tokens, r.cached_tokens, r.output_tokens, r.ai_cost_nano_usd, r.scrape_cost_nano_usd
  from analysis.runs r
 where r.finished_at is not null and r.state <> 'closed';
grant select on analysis.run_costs to gateway_service;

-- What a hold should capture, by its id: a run's or a bulk's.
create view analysis.hold_outcomes with (security_invoker = true) as
select r.id, r.account_id, r.state, r.price_credits as held_credits,
       case when r.state = 'completed' then r.price_credits else 0 end as capture_credits
  from analysis.runs r where r.state <> 'closed' and r.bulk_id is null
union all
select b.id, b.account_id, case b.state when 'ended' then 'completed' else 'scoring' end, b.held_credits,
       (select coalesce(sum(r.price_credits), 0)::integer from analysis.runs r where r.bulk_id = b.id and r.state = 'completed')
  from analysis.bulks b;
grant select on analysis.hold_outcomes to analysis_service;

-- A bulk as users see it; its runs are counted when it is read.
create view analysis.bulk_view with (security_invoker = true) as
select b.id as bulk_id, b.account_id, b.business_profile_id, b.type,
       case when b.state = 'open' then 'running' when b.stopped_because = 'cancelled' then 'cancelled' else 'completed' end as status,
       b.stopped_because, b.stop_after_leads, b.stop_score, b.price_credits, b.held_credits, b.charged_credits, b.released_credits,
       b.settled_at, b.rejected, b.seq, b.created_at, b.finished_at, c.*
  from analysis.bulks b
  cross join lateral (
    select count(*)::integer as item_count, (count(*) filter (where not i.owned))::integer as linked_count,
           (count(*) filter (where r.state in ('queued', 'waiting')))::integer as waiting_count,
           (count(*) filter (where r.state in ('scraping', 'scoring')))::integer as running_count,
           (count(*) filter (where r.state = 'completed'))::integer as completed_count,
           (count(*) filter (where r.state = 'failed'))::integer as failed_count,
           (count(*) filter (where r.state = 'cancelled'))::integer as cancelled_count,
           coalesce(avg(case when r.finished_at is not null then 100 else r.progress end), 100)::integer as progress,
           coalesce(sum(r.seq), 0)::bigint + b.seq as version,
           coalesce(sum(r.price_credits) filter (where i.owned and r.state = 'completed'), 0)::integer as captured_credits
      from analysis.bulk_items i join analysis.runs r on r.id = i.run_id
     where i.bulk_id = b.id
  ) c;
grant select on analysis.bulk_view to analysis_service, authenticated, gateway_service;

create view analysis.bulk_item_view with (security_invoker = true) as
select i.bulk_id, i.account_id, i.line, i.owned, r.id as run_id, r.username, r.state as status, r.progress,
       case when split_part(r.waits_for, '_', 1) = any (array(select d.waits_for from analysis.suspended_steps d))
              then 'supplier_unavailable' else r.current_step end as current_step,
       r.error_code, r.error_detail, r.lead_id, r.seq, a.score, r.finished_at
  from analysis.bulk_items i join analysis.runs r on r.id = i.run_id left join analysis.analyses a on a.run_id = r.id;
grant select on analysis.bulk_item_view to analysis_service, authenticated, gateway_service;

-- How a run ended, with ids and numbers only: what an outgoing message may contain. The charge follows from the end, settled or not.
create view analysis.run_endings with (security_invoker = true) as
select r.id as run_id, r.account_id, r.type, r.state as status, r.bulk_id, r.lead_id, a.score, r.error_code,
       case when r.state = 'completed' then r.price_credits else 0 end as charged_credits,
       case when r.state = 'completed' then 0 else r.price_credits end as released_credits,
       r.finished_at
  from analysis.runs r left join analysis.analyses a on a.run_id = r.id
 where r.finished_at is not null and r.state <> 'closed';
grant select on analysis.run_endings to gateway_service;

-- The same for bulks.
create view analysis.bulk_endings with (security_invoker = true) as
select b.bulk_id, b.account_id, b.type, b.status, b.stopped_because, b.item_count, b.completed_count, b.failed_count, b.cancelled_count,
       b.captured_credits as charged_credits, b.held_credits - b.captured_credits as released_credits, b.finished_at
  from analysis.bulk_view b
 where b.finished_at is not null;
grant select on analysis.bulk_endings to gateway_service;

-- Runs and bulks with a hold of their own, of all accounts, for the ledger's audit. The views run as their owner.
create view analysis.audited_holds as
select r.id, r.account_id, r.state in ('completed', 'failed', 'cancelled') as is_ended, r.finished_at as ended_at,
       r.price_credits as held_credits, case when r.state = 'completed' then r.price_credits else 0 end as owed_credits,
       r.charged_credits
  from analysis.runs r where r.state <> 'closed' and r.bulk_id is null
union all
select b.id, b.account_id, b.state = 'ended', b.finished_at, b.held_credits,
       (select coalesce(sum(r.price_credits), 0)::integer from analysis.runs r where r.bulk_id = b.id and r.state = 'completed'),
       b.charged_credits
  from analysis.bulks b;
grant select on analysis.audited_holds to credits_service;

-- What is inconsistent within this schema.
create view analysis.audit_findings as
select 'run_without_price' as what, r.id::text as id, format('a %s run of account %s at 0 credits', r.type, r.account_id) as detail
  from analysis.runs r where r.price_credits = 0 and r.state <> 'closed'
union all
select 'bulk_without_price', b.id::text, format('of account %s at 0 credits', b.account_id)
  from analysis.bulks b where b.price_credits = 0
union all
select 'run_is_not_its_bulks_price', r.id::text, format('%s credits, its bulk %s says %s', r.price_credits, b.id, b.price_credits)
  from analysis.bulks b join analysis.runs r on r.bulk_id = b.id
 where r.price_credits <> b.price_credits
union all
select 'charged_is_not_the_price', r.id::text, format('charged %s of a bulk, the price is %s', r.charged_credits, r.price_credits)
  from analysis.bulks b join analysis.runs r on r.bulk_id = b.id
 where r.settled_at is not null and r.charged_credits is distinct from case when r.state = 'completed' then r.price_credits else 0 end;
grant select on analysis.audit_findings to credits_service;

-- How long a scrape and a scoring take, measured on the last fifty of the last hour.
create view analysis.step_durations as
select coalesce((select extract(epoch from avg(recent.took))
                   from (select s.ended_at - s.started_at as took from analysis.scrapes s
                          where s.state = 'ended' and s.started_at is not null and s.ended_at > now() - interval '1 hour'
                          order by s.ended_at desc limit 50) recent), 9) as scrape_s,
       -- A completed run's last two steps are scoring and completed.
       coalesce((select extract(epoch from avg(recent.took))
                   from (select (r.steps -> -1 ->> 'at')::timestamptz - (r.steps -> -2 ->> 'at')::timestamptz as took
                           from analysis.runs r
                          where r.finished_at > now() - interval '1 hour' and r.state = 'completed'
                          order by r.finished_at desc limit 50) recent), 2.5) as score_s;

reset role;

-- migrate:down
