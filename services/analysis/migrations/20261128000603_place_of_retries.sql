-- migrate:up
set local role analysis_owner;
-- Bodies name billing's view, which is made later in the order.
set local check_function_bodies = off;

-- As before, also of a run whose next try is put off (`scrape_retry`, `score_retry`): it comes back to its place by age, and not before
-- its time.
create or replace function analysis.queue_position(p_run_id uuid) returns table (queue_position integer, eta_s integer)
language sql stable security definer set search_path = '' as $$
  with me as (
    select r.id, r.account_id, split_part(r.waits_for, '_', 1) as waits_for, r.priority, r.created_at, r.not_before
      from analysis.runs r where r.id = p_run_id and r.state = 'waiting'
  ), ahead as (
    select count(*)::integer + 1 as place from analysis.runs r, me
     where r.state = 'waiting' and r.waits_for = me.waits_for and r.account_id = me.account_id
       and (r.priority, r.created_at, r.id) < (me.priority, me.created_at, me.id)
  ), scored_first as (
    select count(*) as runs from analysis.runs r, me
     where me.waits_for = 'scrape' and r.state = 'waiting' and r.waits_for = 'score' and r.account_id = me.account_id
  )
  select ahead.place,
         case when not rules.is_paused and slots.cap > 0 then ceil(
           greatest((ahead.place + scored_first.runs + l.load - lanes.width) * step.held_s / lanes.width,
                    ahead.place * step.slot_s / slots.cap)
           + greatest(0, extract(epoch from suspended.down_until - now()), extract(epoch from me.not_before - now())))::integer end
    from me cross join ahead cross join scored_first cross join analysis.pace
    join analysis.slots on slots.kind = me.waits_for
    left join lateral (select p.plan from billing.account_plans p where p.account_id = me.account_id) ap on true
    cross join lateral analysis.rules_of_plan(ap.plan) rules
    cross join lateral (select greatest(1, least(slots.cap, rules.max_running)) as width) lanes
    cross join lateral analysis.load_of(me.account_id) l
    -- A run that is scraped counts for its account's plan until it has been scored.
    cross join lateral (
      select case me.waits_for when 'scrape' then pace.scrape_s + pace.score_s else pace.score_s end as held_s,
             case me.waits_for when 'scrape' then pace.scrape_s else pace.score_s end as slot_s
    ) step
    left join analysis.suspended_steps suspended on suspended.waits_for = me.waits_for
$$;

-- As before; a run whose next try is put off waits for the same step.
create or replace view analysis.run_view with (security_invoker = true) as
select r.id as run_id, r.account_id, r.business_profile_id, r.type, r.username, r.state as status, r.progress,
       case when split_part(r.waits_for, '_', 1) = any (array(select d.waits_for from analysis.suspended_steps d))
              then 'supplier_unavailable' else r.current_step end as current_step,
       r.cancel_requested_at is not null as should_cancel, r.waits_for, r.is_from_cache, r.lead_id,
       coalesce(a.result, d.draft) as result, r.error_code, r.error_detail, r.price_credits, r.charged_credits, r.released_credits,
       r.seq, r.created_at, r.finished_at, r.settled_at
  from analysis.runs r
  left join analysis.analyses a on a.run_id = r.id
  left join analysis.drafts d on d.run_id = r.id
 where r.state <> 'closed' and r.forgotten_at is null;
create or replace view analysis.bulk_item_view with (security_invoker = true) as
select i.bulk_id, i.account_id, i.line, i.owned, r.id as run_id, r.username, r.state as status, r.progress,
       case when split_part(r.waits_for, '_', 1) = any (array(select d.waits_for from analysis.suspended_steps d))
              then 'supplier_unavailable' else r.current_step end as current_step,
       r.error_code, r.error_detail, r.lead_id, r.seq, a.score, r.finished_at
  from analysis.bulk_items i join analysis.runs r on r.id = i.run_id left join analysis.analyses a on a.run_id = r.id;

reset role;

-- migrate:down
