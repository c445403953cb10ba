-- migrate:up
set local role analysis_owner;

-- Whoever tells the outside of endings walks over them in the order in which they came.
create index runs_ended on analysis.runs (finished_at, id) where finished_at is not null;
create index bulks_ended on analysis.bulks (finished_at, id) where finished_at is not null;

-- How a run ended, by ids and figures alone: what a message to the outside may carry. What it costs follows from its end, settled or not.
create view analysis.run_endings with (security_invoker = true) as
select r.id as run_id, r.account_id, r.type, r.state as status, r.bulk_id, r.lead_id, a.score, r.error_code,
       case when r.state = 'completed' then r.price_credits else 0 end as charged_credits,
       case when r.state = 'completed' then 0 else r.price_credits end as released_credits,
       r.finished_at
  from analysis.runs r left join analysis.analyses a on a.run_id = r.id
 where r.finished_at is not null and r.state <> 'closed';

-- And a bulk.
create view analysis.bulk_endings with (security_invoker = true) as
select b.bulk_id, b.account_id, b.type, b.status, b.stopped_because, b.item_count, b.completed_count, b.failed_count, b.cancelled_count,
       b.captured_credits as charged_credits, b.held_credits - b.captured_credits as released_credits, b.finished_at
  from analysis.bulk_view b
 where b.finished_at is not null;

grant select on analysis.run_endings, analysis.bulk_endings to gateway_service;

reset role;

-- migrate:down
