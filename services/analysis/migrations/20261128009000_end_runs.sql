-- migrate:up
set local role analysis_owner;
-- Bodies name billing's view, which is made later in the order.
set local check_function_bodies = off;

-- The states of a run. Active: queued → waiting → scraping → waiting → scoring, with ways back. Ended: completed, failed, cancelled.
-- `closed` is neither: an id that no run may take. An inlined expression, so partial indexes over the list of states serve it.
create function analysis.is_active(p_state text) returns boolean language sql immutable parallel safe
return p_state in ('queued', 'waiting', 'scraping', 'scoring');
grant execute on function analysis.is_active(text) to analysis_service;

-- The one way for runs to end: state, attempt, sequence, cost, what announces the end again until it is settled, and the kept answers.
-- Ends those of the runs that are active, or only the one that still is in (p_held_state, p_held_attempt). A raised attempt fences
-- whoever works on a run; its own holder (p_by_holder) keeps its attempt, since its heartbeat would stop its work otherwise.
-- Locks runs by id; callers lock scrapes before.
create function analysis.end_runs(
  p_run_ids uuid[], p_state text, p_error_code text default null, p_error_detail text default null,
  p_held_state text default null, p_held_attempt integer default null, p_by_holder boolean default false
) returns setof analysis.runs language plpgsql set search_path = '' as $$
begin
  perform 1 from analysis.runs r where r.id = any(p_run_ids) order by r.id for update;
  -- A statement of its own: its costs are those that were booked before the lock was taken.
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

-- Of these scrapes, which the caller has locked: those that no run waits for end, or are aborted where an actor may have been started.
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

-- As before, by the functions above: these three end runs at once, claimed or not, abort what nobody wants any more, and return
-- what to announce.
create or replace function analysis.cancel_runs(p_run_ids uuid[])
returns table (kind text, row_id uuid, state text, attempt integer)
language plpgsql set search_path = '' as $$
declare
  locked constant uuid[] := analysis.lock_with_scrapes(p_run_ids);
begin
  return query select 'run', r.id, r.state, r.attempt from analysis.end_runs(p_run_ids, 'cancelled') r;
  return query select 'scrape', s.* from analysis.abort_unwanted(locked) s;
end $$;

-- One run that was started and made no progress for so long, unless it did in the meantime.
create or replace function analysis.fail_stalled(p_run_id uuid, p_stalled_for interval, p_detail text)
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

-- Those of the runs that still wait, each by what it waits for.
create or replace function analysis.fail_waiting(p_run_ids uuid[], p_codes jsonb, p_details jsonb)
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
grant execute on function analysis.end_runs(uuid[], text, text, text, text, integer, boolean) to analysis_service;
grant execute on function analysis.lock_with_scrapes(uuid[]), analysis.abort_unwanted(uuid[]) to analysis_service;

-- As before, by is_active.
create or replace function analysis.cancel_bulk(p_bulk_id uuid, p_because text)
returns table (kind text, row_id uuid, state text, attempt integer)
language plpgsql set search_path = '' as $$
begin
  perform analysis.lock_slots();
  update analysis.bulks b
     set stopped_because = coalesce(b.stopped_because, p_because), seq = b.seq + 1
   where b.id = p_bulk_id and b.state = 'open';
  if found then
    return query select * from analysis.cancel_runs(
      array(select r.id from analysis.runs r where r.bulk_id = p_bulk_id and analysis.is_active(r.state)));
  end if;
end $$;
create or replace function analysis.find_same(
  p_account_id uuid, p_business_profile_id uuid, p_username text, p_type text, p_fresh_since timestamptz
) returns table (run_id uuid, status text)
language sql stable security definer set search_path = '' as $$
  (select r.id, r.state from analysis.runs r
    where r.account_id = p_account_id and r.business_profile_id = p_business_profile_id
      and r.username = p_username and r.type = p_type and analysis.is_active(r.state))
  union all
  (select r.id, r.state from analysis.runs r
    where r.account_id = p_account_id and r.business_profile_id = p_business_profile_id
      and r.username = p_username and r.type = p_type and r.state = 'completed' and r.finished_at >= p_fresh_since
      and not exists (select from analysis.leads l where l.id = r.lead_id and l.deleted_at is not null)
    order by r.finished_at desc limit 1)
  limit 1
$$;
create or replace function analysis.accept_run(
  p_run_id uuid, p_account_id uuid, p_user_id uuid, p_business_profile_id uuid, p_username text, p_type text,
  p_price_credits integer, p_max_age interval, p_request_id text
) returns table (outcome text, run_id uuid, status text, attempt integer)
language plpgsql security definer set search_path = '' as $$
declare
  found_run record;
begin
  for tries in 1..5 loop
    begin
      insert into analysis.runs as r (id, state, account_id, user_id, business_profile_id, username, type, price_credits,
                                      max_age_s, request_id, due_at)
      values (p_run_id, 'queued', p_account_id, p_user_id, p_business_profile_id, p_username, p_type, p_price_credits,
              extract(epoch from greatest(p_max_age, interval '5 minutes'))::integer, p_request_id,
              -- The gateway publishes the hint right after this; the sweep only steps in if it died between the two.
              pg_catalog.now() + interval '2 seconds')
      on conflict do nothing
      returning r.id, r.state, r.attempt into found_run;
    exception when sqlstate 'OS429' then
      return query select 'cost_limit', p_run_id, 'queued', 0;
      return;
    end;
    if found_run.id is not null then
      return query select 'accepted', found_run.id, found_run.state, found_run.attempt;
      return;
    end if;
    select r.id, r.state, r.attempt, r.account_id into found_run from analysis.runs r where r.id = p_run_id;
    if found then
      return query select case when found_run.state = 'closed' or found_run.account_id <> p_account_id then 'closed' else 'exists' end,
                          found_run.id, found_run.state, found_run.attempt;
      return;
    end if;
    select r.id, r.state, r.attempt into found_run from analysis.runs r
     where r.account_id = p_account_id and r.business_profile_id = p_business_profile_id and r.username = p_username
       and r.type = p_type and analysis.is_active(r.state);
    if found then
      return query select 'same', found_run.id, found_run.state, found_run.attempt;
      return;
    end if;
    -- The one that was in the way has just ended: try again.
  end loop;
  raise exception 'accept_run: no place for run % after 5 tries', p_run_id using errcode = 'serialization_failure';
end $$;
create or replace function analysis.close_bulk(p_bulk_id uuid) returns table (outcome text, account_id uuid)
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
       -- One that was stopped doesn't wait for runs that aren't its own.
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

reset role;

-- migrate:down
