-- migrate:up
-- Promotion: which waiting task gets a free slot, and when a run might start.
set local role analysis_owner;
-- Bodies name functions of later files, and billing's view, which is made after this schema.
set local check_function_bodies = off;

-- The only order in which slots are locked. A transaction that locks or changes several of them calls this first.
create function analysis.lock_slots() returns void language plpgsql set search_path = '' as $$
begin
  perform 1 from analysis.slots s order by s.kind for update;
end $$;
grant execute on function analysis.lock_slots to analysis_service;

-- A plan's limits. Without a plan, those of `free`; an unknown plan counts as the smallest known one, since a paying customer
-- should wait longer rather than without limit. Inlined into its callers: no SET here.
create function analysis.plan_rules(p_plan text) returns table (max_running integer, weight integer, is_paused boolean)
language sql stable
begin atomic
  select p.max_running, p.weight, p.is_paused from analysis.plans p
   order by p.plan = coalesce(p_plan, 'free') desc, p.max_running, p.weight, p.plan limit 1;
end;
grant execute on function analysis.plan_rules to analysis_service;

-- How many tasks of an account are active: this is what its plan limits. Inlined, as above.
create function analysis.account_load(p_account_id uuid) returns table (load bigint)
language sql stable
begin atomic
  select (select count(*) from analysis.scrapes s
           where s.account_id = p_account_id and s.state in ('starting', 'running', 'aborting'))
       + (select count(*) from analysis.runs r where r.account_id = p_account_id and r.state = 'scoring')
  offset 0;  -- counted once, however often the caller uses it
end;
grant execute on function analysis.account_load to analysis_service;

-- The next task of a kind, within the limit of its account's plan. First the tasks from before p_aged_before of accounts without
-- an active task, oldest first, so that no account waits without limit. Then by (priority, least-served account by its plan's
-- weight, age); an aged task of an account with active tasks counts as a single run here, so that a large bulk does not go before
-- another account's single run because of its age. A loose index scan over accounts, since the slot lock is held throughout.
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
      select oldest.id, oldest.created_at, oldest.scrape_id, oldest.priority, coalesce(oldest.created_at < p_aged_before, false) as is_aged
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
       order by is_aged desc, case when oldest.created_at < p_aged_before then 0 else oldest.priority end, oldest.created_at, oldest.id
       limit 1
    ) head
    left join lateral (select p.plan from billing.account_plans p where p.account_id = a.account_id) ap on true
    cross join lateral analysis.plan_rules(ap.plan) rules
    cross join lateral analysis.account_load(a.account_id) l
   where a.account_id is not null and not rules.is_paused and l.load < rules.max_running
   order by case when not head.is_aged then head.priority when l.load = 0 then -1 else 0 end,
            case when head.is_aged and l.load = 0 then 0 else (l.load + 1)::numeric / rules.weight end,
            head.created_at, head.id
   limit 1
$$;
grant execute on function analysis.next_waiting to analysis_service;

-- Gives free slots to waiting tasks, except for suspended steps. Returns what to publish: scrapes and scoring runs as hints,
-- every changed run as progress. Lock order: slots, scrape, run. The count is a second statement, after the lock: in one
-- statement it would read a stale snapshot.
-- Time in the queue does not count as waiting for a supplier: the run has been in the queue since `not_before`, so
-- `snoozed_since` is moved forward by that time.
create function analysis.promote() returns table (kind text, row_id uuid, state text, attempt integer)
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
             progressed_at = now(), started_at = coalesce(r.started_at, now()), due_at = now() + interval '5 seconds',
             snoozed_since = r.snoozed_since + greatest(now() - r.not_before, '0'), not_before = null
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
    -- All runs that wait for this scrape become `scraping`; joining takes no slot.
    return query
      update analysis.runs r
         set state = 'scraping', waits_for = null, current_step = 'scraping', progress = greatest(r.progress, 20), seq = r.seq + 1,
             progressed_at = now(), started_at = coalesce(r.started_at, now()), due_at = null,
             snoozed_since = r.snoozed_since + greatest(now() - r.not_before, '0'), not_before = null
       where r.scrape_id = next.scrape_id and r.state = 'waiting' and r.waits_for = 'scrape'
      returning 'run', r.id, r.state, r.attempt;
    exit when not found;
    slot.free := slot.free - 1;
  end loop;
end $$;
grant execute on function analysis.promote to analysis_service;

-- Waiting runs' positions in their accounts' queues, and when they might start: when enough of the account's runs have ended for its
-- plan's limit, or when enough slots are free, whichever is later; not before an outage has ended, and not before the next
-- attempt of a postponed run (`scrape_retry`, `score_retry`). eta_s is null while its plan is paused or there are no slots.
-- Between two of the runs only the rows between them are counted, so a page of a long queue reads the queue once, not once per run.
create function analysis.queue_positions(p_run_ids uuid[])
returns table (run_id uuid, queue_position integer, eta_s integer)
language sql stable security definer set search_path = '' as $$
  with mine as materialized (
    select r.id, r.account_id, split_part(r.waits_for, '_', 1) as waits_for, r.priority, r.created_at, r.not_before
      from analysis.runs r where r.id = any(p_run_ids) and r.state = 'waiting'
  ), ordered as (
    select m.*, lag(m.priority, 1, (-1)::smallint) over queue as before_priority,
           lag(m.created_at, 1, '-infinity') over queue as before_created_at,
           lag(m.id, 1, '00000000-0000-0000-0000-000000000000') over queue as before_id
      from mine m window queue as (partition by m.account_id, m.waits_for order by m.priority, m.created_at, m.id)
  ), counted as materialized (
    select o.*, (
             select count(*) from analysis.runs r
              where r.state = 'waiting' and r.waits_for = o.waits_for and r.account_id = o.account_id
                and (r.priority, r.created_at, r.id) >= (o.before_priority, o.before_created_at, o.before_id)
                and (r.priority, r.created_at, r.id) < (o.priority, o.created_at, o.id)
           ) as rows_between
      from ordered o
  ), me as materialized (
    select c.*, sum(c.rows_between) over (partition by c.account_id, c.waits_for order by c.priority, c.created_at, c.id) + 1 as position
      from counted c
  ), accounts as materialized (
    select a.account_id, l.load, ap.plan, (
             select count(*) from analysis.runs r
              where r.state = 'waiting' and r.waits_for = 'score' and r.account_id = a.account_id
           ) as waiting_for_score
      from (select distinct m.account_id from mine m) a
      cross join lateral analysis.account_load(a.account_id) l
      left join lateral (select p.plan from billing.account_plans p where p.account_id = a.account_id) ap on true
  )
  select me.id, me.position::integer,
         case when not rules.is_paused and slots.cap > 0 then ceil(
           greatest((me.position + step.scored_first + a.load - capacity.width) * step.held_s / capacity.width,
                    me.position * step.slot_s / slots.cap)
           + greatest(0, extract(epoch from suspended.down_until - now()), extract(epoch from me.not_before - now())))::integer end
    from me join accounts a on a.account_id = me.account_id cross join analysis.step_durations pace
    join analysis.slots on slots.kind = me.waits_for
    cross join lateral analysis.plan_rules(a.plan) rules
    cross join lateral (select greatest(1, least(slots.cap, rules.max_running)) as width) capacity
    -- A run that is scraped counts for its account's plan until it has been scored.
    cross join lateral (
      select case me.waits_for when 'scrape' then pace.scrape_s + pace.score_s else pace.score_s end as held_s,
             case me.waits_for when 'scrape' then pace.scrape_s else pace.score_s end as slot_s,
             case me.waits_for when 'scrape' then a.waiting_for_score else 0 end as scored_first
    ) step
    left join analysis.suspended_steps suspended on suspended.waits_for = me.waits_for
$$;
grant execute on function analysis.queue_positions to gateway_service;

-- How long p_new more names of this account take until the last one has ended: from durations measured in the last hour, the plan
-- and what already waits. Null while nothing is promoted for the account.
create function analysis.expected_s(p_account_id uuid, p_plan text, p_new integer) returns integer
language sql stable security definer set search_path = '' as $$
  select case when p_new = 0 then 0
    else ceil(ceil((p_new + ahead.waiting)::numeric / capacity.width) * (pace.scrape_s + pace.score_s)
              + coalesce(extract(epoch from outage.down_until - now()), 0))::integer end
    from analysis.step_durations pace
    cross join lateral analysis.plan_rules(p_plan) rules
    cross join lateral (select greatest(1, least(s.cap, rules.max_running)) as width from analysis.slots s where s.kind = 'scrape') capacity
    cross join lateral (
      select count(*) as waiting from analysis.runs r where r.account_id = p_account_id and r.state = 'waiting'
    ) ahead
    cross join (select max(d.down_until) as down_until from analysis.suspended_steps d) outage
$$;
grant execute on function analysis.expected_s to gateway_service;

-- Reschedules tasks that were snoozed because of a supplier that works again: at most p_limit tasks within p_within_s. Tasks with
-- a slot come first, then the oldest (ids begin with their time). A task that is postponed for longer than the longest snooze
-- waits because the supplier requested it (Retry-After), and is not changed. Lock order: scrapes by id, then runs by id.
create function analysis.reschedule_snoozed(p_supplier text, p_limit integer, p_within_s double precision) returns void
language plpgsql set search_path = '' as $$
declare
  v_latest constant timestamptz := now() + interval '75 seconds';
  v_scrapes uuid[];
begin
  if p_supplier = 'apify' then
    select coalesce(array_agg(s.id), '{}') into v_scrapes from (
      select c.id from analysis.scrapes c
       where c.id in (
         select o.id from analysis.scrapes o
          where o.state <> 'ended' and o.snoozed_since is not null and o.lease_until is null and o.not_before between now() and v_latest
          order by o.state = 'waiting', o.id limit p_limit)
         and c.state <> 'ended' and c.lease_until is null
       order by c.id for update skip locked) s;
    update analysis.scrapes c
       set not_before = soon.at, due_at = case when c.due_at is null then null else soon.at end
      from (select id, now() + random() * make_interval(secs => p_within_s) as at from unnest(v_scrapes) as id) soon
     where c.id = soon.id and c.not_before > soon.at;
    update analysis.runs r set not_before = c.not_before
      from analysis.scrapes c
     where c.id = r.scrape_id and r.id in (
       select w.id from analysis.runs w
        where w.scrape_id = any(v_scrapes) and w.state = 'waiting' and w.waits_for = 'scrape_retry'
        order by w.id for update skip locked);
  else
    update analysis.runs r
       set not_before = least(r.not_before, now() + random() * make_interval(secs => p_within_s))
     where r.id in (
       select w.id from analysis.runs w
        where w.id in (
          select o.id from analysis.runs o
           where o.state = 'waiting' and o.waits_for = 'score_retry' and o.not_before between now() and v_latest
           order by o.id limit p_limit)
          and w.state = 'waiting' and w.waits_for = 'score_retry'
        order by w.id for update skip locked);
  end if;
end $$;
grant execute on function analysis.reschedule_snoozed to analysis_service;

-- Runs that waited too long for a supplier: snoozed ones, and those that were never promoted because it is down. The limit in
-- seconds depends on whether the run is part of a bulk. Only the time of waiting for the supplier counts: a run that was snoozed
-- for a minute and then is in a long queue waits for other runs, and is not failed for that.
create function analysis.runs_past_wait_limit(p_single_s double precision, p_bulk_s double precision, p_limit integer)
returns setof uuid language sql stable set search_path = '' as $$
  with wait_limit as (
    select is_bulk, now() - make_interval(secs => case when is_bulk then p_bulk_s else p_single_s end) as from_at
      from unnest(array[false, true]) as is_bulk
  ), down as (
    select 'scrape' as waits_for, o.since from analysis.outages o where o.supplier = 'apify' and o.down_until > now()
    union all
    select 'score', max(o.since) from analysis.outages o
     where o.supplier in ('openai', 'anthropic') and o.down_until > now() having count(*) = 2
  ), found as (
    (select r.id from wait_limit w
       join analysis.runs r on r.state = 'waiting' and r.snoozed_since < w.from_at and (r.bulk_id is not null) = w.is_bulk
        and r.waits_for in ('scrape_retry', 'score_retry')
      order by r.snoozed_since limit p_limit)
    union
    (select r.id from wait_limit w join down d on d.since < w.from_at
       join analysis.runs r on r.state = 'waiting' and r.waits_for = d.waits_for and r.progressed_at < w.from_at
        and (r.bulk_id is not null) = w.is_bulk
      limit p_limit)
  )
  select id from found
$$;
grant execute on function analysis.runs_past_wait_limit to analysis_service;

reset role;

-- migrate:down
