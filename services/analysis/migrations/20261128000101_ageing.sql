-- migrate:up
set local role analysis_owner;
-- Bodies name billing's view, which is made later in the order.
set local check_function_bodies = off;

-- A task that has waited for `ageing_s` may go before younger ones of higher priority, in `aged_share` of all promotions:
-- so a bulk moves on beside any number of single runs, and takes no more than that share of their slots.
alter table analysis.slots
  add column ageing_s integer not null default 60 check (ageing_s >= 0),
  add column configured_ageing_s integer not null default 60,
  add column aged_share real not null default 0.25 check (aged_share between 0 and 1);
alter table analysis.runs add constraint runs_priority check (priority in (0, 1));

-- What a plan allows. No plan is the free one; one that analysis doesn't know counts as the smallest that it knows, since a paying
-- customer who waits for good is worse than one who waits a little longer. Inlined into its callers: no SET here.
create function analysis.rules_of_plan(p_plan text) returns table (max_running integer, weight integer, is_paused boolean)
language sql stable
begin atomic
  select p.max_running, p.weight, p.is_paused from analysis.plans p
   order by p.plan = coalesce(p_plan, 'free') desc, p.max_running, p.weight, p.plan limit 1;
end;

-- How much an account has at work: this is what its plan limits. Inlined, as above.
create function analysis.load_of(p_account_id uuid) returns table (load bigint)
language sql stable
begin atomic
  select (select count(*) from analysis.scrapes s
           where s.account_id = p_account_id and s.state in ('starting', 'running', 'aborting'))
       + (select count(*) from analysis.runs r where r.account_id = p_account_id and r.state = 'scoring')
  offset 0;  -- counted once, however often the caller uses it
end;
grant execute on function analysis.rules_of_plan(text), analysis.load_of(uuid) to analysis_service;

-- The next task of a kind, within the limit of its account's plan. Tasks from before p_aged_before come first: those of the accounts
-- that have least at work, oldest first. Then by (priority, least-served account by its plan's weight, age).
-- Skips from account to account on an index, since the slot lock is held throughout. With p_aged_before the oldest task of each
-- priority is looked at.
-- contract: only promote() has called it, and promote() is replaced in this transaction
drop function analysis.next_waiting(text);
create function analysis.next_waiting(p_kind text, p_aged_before timestamptz)
returns table (run_id uuid, account_id uuid, scrape_id uuid)
-- One plan for all calls: planning again for each costs more than the query itself.
language sql stable set search_path = '' set plan_cache_mode = 'force_generic_plan' as $$
  with recursive accounts as (
    (select r.account_id from analysis.runs r where r.state = 'waiting' and r.waits_for = p_kind order by r.account_id limit 1)
    union all
    select (select r.account_id from analysis.runs r
             where r.state = 'waiting' and r.waits_for = p_kind and r.account_id > a.account_id order by r.account_id limit 1)
      from accounts a where a.account_id is not null
  )
  select head.id, a.account_id, head.scrape_id
    from accounts a
    cross join lateral (
      select oldest.id, oldest.created_at, oldest.scrape_id,
             case when oldest.created_at < p_aged_before then -1 else oldest.priority end as rank
        from (
          (select r.id, r.priority, r.created_at, r.scrape_id from analysis.runs r
            where r.state = 'waiting' and r.waits_for = p_kind and r.account_id = a.account_id
            order by r.priority, r.created_at, r.id limit 1)
          union all
          (select r.id, r.priority, r.created_at, r.scrape_id from analysis.runs r
            where p_aged_before is not null
              and r.state = 'waiting' and r.waits_for = p_kind and r.account_id = a.account_id and r.priority = 1
            order by r.created_at, r.id limit 1)
        ) oldest
       order by rank, oldest.created_at, oldest.id limit 1
    ) head
    left join lateral (select p.plan from billing.account_plans p where p.account_id = a.account_id) ap on true
    cross join lateral analysis.rules_of_plan(ap.plan) rules
    cross join lateral analysis.load_of(a.account_id) l
   where a.account_id is not null and not rules.is_paused and l.load < rules.max_running
   order by head.rank, case when head.rank < 0 then l.load else (l.load + 1)::numeric / rules.weight end, head.created_at, head.id
   limit 1
$$;
grant execute on function analysis.next_waiting(text, timestamptz) to analysis_service;

-- As before, with ageing.
create or replace function analysis.promote() returns table (kind text, row_id uuid, state text, attempt integer)
language plpgsql set search_path = '' as $$
declare
  slot record;
  next record;
begin
  perform analysis.lock_slots();

  -- Scoring first: it finishes what has been scraped and paid.
  select s.cap - (select count(*) from analysis.runs r where r.state = 'scoring') as free,
         s.aged_share, now() - make_interval(secs => s.ageing_s) as aged_before into slot
    from analysis.slots s
   where s.kind = 'score' and not exists (select from analysis.suspended_steps d where d.waits_for = s.kind);
  while slot.free > 0 loop
    select * into next
      from analysis.next_waiting('score', case when random() < slot.aged_share then slot.aged_before end);
    exit when not found;
    return query
      update analysis.runs r
         set state = 'scoring', waits_for = null, current_step = 'scoring', progress = greatest(r.progress, 60), seq = r.seq + 1,
             progressed_at = now(), started_at = coalesce(r.started_at, now()), due_at = now() + interval '5 seconds'
       where r.id = next.run_id and r.state = 'waiting'
      returning 'score', r.id, r.state, r.attempt;
    exit when not found;
    slot.free := slot.free - 1;
  end loop;

  select s.cap - (select count(*) from analysis.scrapes c where c.state in ('starting', 'running', 'aborting')) as free,
         s.aged_share, now() - make_interval(secs => s.ageing_s) as aged_before into slot
    from analysis.slots s
   where s.kind = 'scrape' and not exists (select from analysis.suspended_steps d where d.waits_for = s.kind);
  while slot.free > 0 loop
    select * into next
      from analysis.next_waiting('scrape', case when random() < slot.aged_share then slot.aged_before end);
    exit when not found;
    return query
      update analysis.scrapes c
         set state = 'starting', account_id = next.account_id, promoted_for = next.run_id, seq = c.seq + 1,
             progressed_at = now(), due_at = now() + interval '5 seconds'
       where c.id = next.scrape_id and c.state = 'waiting'
      returning 'scrape', c.id, c.state, c.attempt;
    -- Everybody who waits for this scrape is scraping now; joining takes no slot.
    return query
      update analysis.runs r
         set state = 'scraping', waits_for = null, current_step = 'scraping', progress = greatest(r.progress, 20), seq = r.seq + 1,
             progressed_at = now(), started_at = coalesce(r.started_at, now()), due_at = null
       where r.scrape_id = next.scrape_id and r.state = 'waiting' and r.waits_for = 'scrape'
      returning 'run', r.id, r.state, r.attempt;
    exit when not found;
    slot.free := slot.free - 1;
  end loop;
end $$;

-- How long a scrape and a scoring take, measured on the last fifty of the last hour.
create view analysis.pace as
select coalesce((select extract(epoch from avg(lately.took))
                   from (select s.ended_at - s.started_at as took from analysis.scrapes s
                          where s.state = 'ended' and s.started_at is not null and s.ended_at > now() - interval '1 hour'
                          order by s.ended_at desc limit 50) lately), 9) as scrape_s,
       -- A completed run's last two steps are scoring and completed.
       coalesce((select extract(epoch from avg(lately.took))
                   from (select (r.steps -> -1 ->> 'at')::timestamptz - (r.steps -> -2 ->> 'at')::timestamptz as took
                           from analysis.runs r
                          where r.finished_at > now() - interval '1 hour' and r.state = 'completed'
                          order by r.finished_at desc limit 50) lately), 2.5) as score_s;

-- Where a waiting run stands in its account's queue, and when it might start. That is when so many of the account's runs have ended
-- that its plan has room for it, or when so many slots have become free, whichever is later; and not before an outage has ended.
-- No time while nothing is promoted for it: its plan is paused, or there are no slots.
create or replace function analysis.queue_position(p_run_id uuid) returns table (queue_position integer, eta_s integer)
language sql stable security definer set search_path = '' as $$
  with me as (
    select r.id, r.account_id, r.waits_for, r.priority, r.created_at from analysis.runs r where r.id = p_run_id and r.state = 'waiting'
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
           + coalesce(extract(epoch from suspended.down_until - now()), 0))::integer end
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

-- How long p_new more names of this account would take: as above, until the last of them has ended.
create or replace function analysis.expected_s(p_account_id uuid, p_plan text, p_new integer) returns integer
language sql stable security definer set search_path = '' as $$
  select case when p_new = 0 then 0
    else ceil(ceil((p_new + ahead.waiting)::numeric / lanes.width) * (pace.scrape_s + pace.score_s)
              + coalesce(extract(epoch from outage.down_until - now()), 0))::integer end
    from analysis.pace
    cross join lateral analysis.rules_of_plan(p_plan) rules
    cross join lateral (select greatest(1, least(s.cap, rules.max_running)) as width from analysis.slots s where s.kind = 'scrape') lanes
    cross join lateral (
      select count(*) as waiting from analysis.runs r where r.account_id = p_account_id and r.state = 'waiting'
    ) ahead
    cross join (select max(d.down_until) as down_until from analysis.suspended_steps d) outage
$$;

reset role;

-- migrate:down
