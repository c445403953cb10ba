-- migrate:up
-- How runs and bulks end.
set local role analysis_owner;
-- Bodies name functions of later files, and billing's view, which is made after this schema.
set local check_function_bodies = off;

-- The only function that ends runs: state, attempt, sequence, cost, due time (the end is announced again until it is settled),
-- stored answers. Ends the active ones of these runs, or only the one that still is in (p_held_state, p_held_attempt). A raised
-- attempt fences the worker of a run; the worker itself (p_by_holder) keeps its attempt, since its heartbeat would stop it
-- otherwise. Locks runs by id; callers lock scrapes before.
create function analysis.end_runs(
  p_run_ids uuid[], p_state text, p_error_code text default null, p_error_detail text default null,
  p_held_state text default null, p_held_attempt integer default null, p_by_holder boolean default false
) returns setof analysis.runs language plpgsql set search_path = '' as $$
begin
  perform 1 from analysis.runs r where r.id = any(p_run_ids) order by r.id for update;
  -- A statement of its own, so that it sees all costs that were added before the lock.
  return query
    update analysis.runs r
       set state = p_state, attempt = r.attempt + case when p_by_holder then 0 else 1 end, seq = r.seq + 1,
           error_code = p_error_code, error_detail = p_error_detail, current_step = p_state,
           progress = case when p_state = 'completed' then 100 else r.progress end,
           progressed_at = now(), lease_until = null, not_before = null, due_at = now() + interval '5 seconds',
           ai_cost_nano_usd = (select coalesce(sum(u.cost_nano_usd), 0) from analysis.ai_usage_logs u where u.run_id = r.id)
     where r.id = any(p_run_ids) and analysis.is_active(r.state)
       and (p_held_attempt is null or (r.state = p_held_state and r.attempt = p_held_attempt))
    returning r.*;
  delete from analysis.call_answers a using analysis.runs r
   where a.run_id = any(p_run_ids) and r.id = a.run_id and r.finished_at is not null;
end $$;
grant execute on function analysis.end_runs to analysis_service;

-- How the run or bulk of a hold ended, for credits before it settles: completed, failed, cancelled, unfinished or unknown. An unknown
-- id is closed as a row with the runs' primary key, so that a later accept conflicts with it.
create function analysis.hold_outcome(p_hold_id uuid) returns table (state text, capture_credits integer)
language plpgsql security definer set search_path = '' as $$
begin
  insert into analysis.runs (id, state) values (p_hold_id, 'closed') on conflict (id) do nothing;
  -- A second statement: it sees a row whose commit the insert has waited for.
  return query
    select case when o.id is null then 'unknown' when analysis.is_active(o.state) then 'unfinished' else o.state end,
           case o.state when 'completed' then o.capture_credits else 0 end
      from unnest(array[p_hold_id]) as asked (id) left join analysis.hold_outcomes o on o.id = asked.id;
end $$;
grant execute on function analysis.hold_outcome to credits_service;

-- Locks the runs and the scrapes that they wait for, in the order of locks: scrapes by id, then runs by id. The ids of the scrapes.
create function analysis.lock_with_scrapes(p_run_ids uuid[]) returns uuid[]
language plpgsql set search_path = '' as $$
declare
  locked uuid[];
begin
  select coalesce(array_agg(s.id), '{}') into locked from (
    select c.id from analysis.scrapes c
     where c.state <> 'ended' and c.id in (
       select r.scrape_id from analysis.runs r where r.id = any(p_run_ids) and r.state in ('waiting', 'scraping'))
     order by c.id for update
  ) s;
  perform 1 from analysis.runs r where r.id = any(p_run_ids) order by r.id for update;
  if exists (
    select from analysis.runs r join analysis.scrapes c on c.id = r.scrape_id
     where r.id = any(p_run_ids) and r.state in ('waiting', 'scraping') and c.state <> 'ended' and c.id <> all(locked)
  ) then
    raise exception 'a run joined a scrape just now' using errcode = 'serialization_failure';
  end if;
  return locked;
end $$;
grant execute on function analysis.lock_with_scrapes to analysis_service;

-- Of these scrapes, which the caller has locked: those that no run waits for end, or are aborted if an actor may have been started.
create function analysis.abort_unwanted(p_scrape_ids uuid[]) returns table (row_id uuid, state text, attempt integer)
language plpgsql set search_path = '' as $$
begin
  return query
    update analysis.scrapes c
       set state = 'aborting', attempt = c.attempt + 1, failures = 0, seq = c.seq + 1, progressed_at = now(),
           lease_until = null, not_before = null, due_at = now() + interval '5 seconds'
     where c.id = any(p_scrape_ids) and c.state in ('waiting', 'starting', 'running') and c.intent_at is not null
       and not exists (select from analysis.runs r where r.scrape_id = c.id and r.state in ('waiting', 'scraping'))
    returning c.id, c.state, c.attempt;
  -- Nothing was started, and nothing will be: the intent is a compare-and-set.
  update analysis.scrapes c
     set state = 'ended', outcome = 'aborted', attempt = c.attempt + 1, seq = c.seq + 1, progressed_at = now(),
         ended_at = now(), lease_until = null, due_at = null
   where c.id = any(p_scrape_ids) and c.state in ('waiting', 'starting', 'running') and c.intent_at is null
     and not exists (select from analysis.runs r where r.scrape_id = c.id and r.state in ('waiting', 'scraping'));
end $$;
grant execute on function analysis.abort_unwanted to analysis_service;

-- The next three functions end runs at once, claimed or not; the raised attempt fences their workers. They abort scrapes that no run
-- wants any more, and return what to publish. Lock order: scrapes by id, then runs by id; a caller that cancels several takes the
-- slot lock before (analysis.cancel_bulk).
create function analysis.cancel_runs(p_run_ids uuid[])
returns table (kind text, row_id uuid, state text, attempt integer)
language plpgsql set search_path = '' as $$
declare
  locked constant uuid[] := analysis.lock_with_scrapes(p_run_ids);
begin
  return query select 'run', r.id, r.state, r.attempt from analysis.end_runs(p_run_ids, 'cancelled') r;
  return query select 'scrape', s.* from analysis.abort_unwanted(locked) s;
end $$;
grant execute on function analysis.cancel_runs to analysis_service;

-- Fails a run that was started and made no progress for p_stalled_for. What is decided on is read again under the locks.
create function analysis.fail_stalled(p_run_id uuid, p_stalled_for interval, p_detail text)
returns table (kind text, row_id uuid, state text, attempt integer)
language plpgsql set search_path = '' as $$
declare
  locked constant uuid[] := analysis.lock_with_scrapes(array[p_run_id]);
begin
  return query
    select 'run', r.id, r.state, r.attempt
      from analysis.end_runs(
        array(select s.id from analysis.runs s
               where s.id = p_run_id and s.state in ('scraping', 'scoring') and s.progressed_at <= now() - p_stalled_for),
        'failed', 'stalled', p_detail) r;
  return query select 'scrape', s.* from analysis.abort_unwanted(locked) s;
end $$;
grant execute on function analysis.fail_stalled to analysis_service;

-- Fails those of the runs that still wait, each by what it waits for.
create function analysis.fail_waiting(p_run_ids uuid[], p_codes jsonb, p_details jsonb)
returns table (kind text, row_id uuid, state text, attempt integer)
language plpgsql set search_path = '' as $$
declare
  locked constant uuid[] := analysis.lock_with_scrapes(p_run_ids);
begin
  return query
    select 'run', r.id, r.state, r.attempt
      from jsonb_each_text(p_codes) as step (name, code)
     cross join lateral analysis.end_runs(
        array(select w.id from analysis.runs w
               where w.id = any(p_run_ids) and w.state = 'waiting' and split_part(w.waits_for, '_', 1) = step.name),
        'failed', step.code, p_details ->> step.name) r;
  return query select 'scrape', s.* from analysis.abort_unwanted(locked) s;
end $$;
grant execute on function analysis.fail_waiting to analysis_service;

-- Ends the active runs of a bulk, its own only. Lock order: slots (promotion holds them throughout), bulk, scrapes, runs.
-- No transaction that holds a scrape or a run waits for a bulk: a run's end looks at its bulks after it has committed.
create function analysis.cancel_bulk(p_bulk_id uuid, p_reason text)
returns table (kind text, row_id uuid, state text, attempt integer)
language plpgsql set search_path = '' as $$
begin
  perform analysis.lock_slots();
  update analysis.bulks b
     set stopped_because = coalesce(b.stopped_because, p_reason), seq = b.seq + 1
   where b.id = p_bulk_id and b.state = 'open';
  if found then
    return query select * from analysis.cancel_runs(
      array(select r.id from analysis.runs r where r.bulk_id = p_bulk_id and analysis.is_active(r.state)));
  end if;
end $$;
grant execute on function analysis.cancel_bulk to analysis_service;

-- Closes a bulk once everything it lists has ended. The row is locked first and the count is a later statement: of two runs that
-- end at once, the second to look sees both. outcome: closed, enough (it should stop now), or open.
create function analysis.close_bulk(p_bulk_id uuid) returns table (outcome text, account_id uuid)
language plpgsql set search_path = '' as $$
declare
  bulk analysis.bulks;
  good integer;
begin
  select * into bulk from analysis.bulks b where b.id = p_bulk_id for update;
  if not found or bulk.state = 'ended' then
    return;
  end if;
  if exists (
    select from analysis.bulk_items i join analysis.runs r on r.id = i.run_id
     where i.bulk_id = p_bulk_id and analysis.is_active(r.state)
       -- A stopped bulk does not wait for runs that it does not own.
       and (i.owned or bulk.stopped_because is null)
  ) then
    if bulk.stop_after_leads is not null and bulk.stopped_because is null then
      select count(*) into good from analysis.bulk_items i join analysis.analyses a on a.run_id = i.run_id
       where i.bulk_id = p_bulk_id and a.score >= bulk.stop_score;
      if good >= bulk.stop_after_leads then
        return query select 'enough', bulk.account_id;
        return;
      end if;
    end if;
    return query select 'open', bulk.account_id;
    return;
  end if;
  -- Without a hold there is nothing to settle.
  update analysis.bulks b
     set state = 'ended', finished_at = now(), seq = b.seq + 1, progressed_at = now(),
         due_at = case when b.held_credits > 0 then now() + interval '5 seconds' end,
         settled_at = case when b.held_credits = 0 then now() end,
         charged_credits = case when b.held_credits = 0 then 0 end,
         released_credits = case when b.held_credits = 0 then 0 end
   where b.id = p_bulk_id;
  return query select 'closed', bulk.account_id;
end $$;
grant execute on function analysis.close_bulk to analysis_service;

reset role;

-- migrate:down
