-- migrate:up
set local role analysis_owner;

alter table analysis.scrapes
  -- Actor runs that were started for it, or may have been. No change of state takes any back.
  add column starts smallint not null default 0 check (starts >= 0),
  -- Those of them that had to be aborted because they did not end.
  add column overruns smallint not null default 0 check (overruns >= 0),
  -- When its supplier first could not serve it, since it last made progress.
  add column snoozed_since timestamptz;
alter table analysis.runs
  -- How often it started over because its profile was gone.
  add column requeues smallint not null default 0 check (requeues >= 0),
  add column snoozed_since timestamptz,
  drop constraint runs_waits_for_check,
  -- The two retries wait until `not_before` before they stand in the queue again: promotion need not look at them.
  add constraint runs_waits_for_check check (waits_for in ('scrape', 'score', 'scrape_retry', 'score_retry'));
create index runs_put_off on analysis.runs (not_before)
  where state = 'waiting' and waits_for in ('scrape_retry', 'score_retry');
create index runs_snoozed on analysis.runs (snoozed_since) where state = 'waiting' and snoozed_since is not null;

alter table analysis.outages
  -- False: it works, and refuses for being asked too much; its time alone ends that, not a probe.
  add column is_outage boolean not null default true,
  add column probed_at timestamptz;

-- Until the service has started: ten starts of an actor in the worst case, not five.
update analysis.type_costs set worst_nano_usd = worst_nano_usd + 50000000 where type in ('light', 'deep', 'xray');

-- A run's scrape may be a second one, where the first one's profile was lost: it pays for both.
create or replace function analysis.book_scrape() returns trigger language plpgsql set search_path = '' as $$
begin
  update analysis.runs r set scrape_cost_nano_usd = r.scrape_cost_nano_usd + new.cost_nano_usd where r.id = new.promoted_for;
  return null;
end $$;

-- Runs that waited too long for a supplier: those that were put off because of it, and those that never got to it because
-- nothing is promoted while it is down. Patience in seconds, by whether the run is part of a bulk.
create function analysis.runs_out_of_patience(p_single_s double precision, p_bulk_s double precision, p_limit integer)
returns setof uuid language sql stable set search_path = '' as $$
  with patience as (
    select is_bulk, now() - make_interval(secs => case when is_bulk then p_bulk_s else p_single_s end) as from_at
      from unnest(array[false, true]) as is_bulk
  ), down as (
    select 'scrape' as waits_for, o.since from analysis.outages o where o.supplier = 'apify' and o.down_until > now()
    union all
    select 'score', max(o.since) from analysis.outages o
     where o.supplier in ('openai', 'anthropic') and o.down_until > now() having count(*) = 2
  ), found as (
    (select r.id from patience p
       join analysis.runs r on r.state = 'waiting' and r.snoozed_since < p.from_at and (r.bulk_id is not null) = p.is_bulk
      order by r.snoozed_since limit p_limit)
    union
    (select r.id from patience p join down d on d.since < p.from_at
       join analysis.runs r on r.state = 'waiting' and r.waits_for = d.waits_for and r.progressed_at < p.from_at
        and (r.bulk_id is not null) = p.is_bulk
      limit p_limit)
  )
  select id from found
$$;

-- Fails those of the runs that still wait, each by what it waits for. A scrape that nobody else wants ends with them.
-- Lock order: scrapes by id, then runs by id. Returns what to announce.
create function analysis.fail_waiting(p_run_ids uuid[], p_codes jsonb, p_details jsonb)
returns table (kind text, row_id uuid, state text, attempt integer)
language plpgsql set search_path = '' as $$
declare
  v_scrapes uuid[];
begin
  select coalesce(array_agg(s.id), '{}') into v_scrapes from (
    select c.id from analysis.scrapes c
     where c.state <> 'ended' and c.id in (select r.scrape_id from analysis.runs r where r.id = any(p_run_ids) and r.state = 'waiting')
     order by c.id for update
  ) s;
  perform 1 from analysis.runs r where r.id = any(p_run_ids) order by r.id for update;

  return query
    update analysis.runs r
       set state = 'failed', attempt = r.attempt + 1, error_code = p_codes ->> split_part(r.waits_for, '_', 1),
           error_detail = p_details ->> split_part(r.waits_for, '_', 1), current_step = 'failed', seq = r.seq + 1, progressed_at = now(),
           lease_until = null, not_before = null, due_at = now() + interval '5 seconds',
           ai_cost_nano_usd = (select coalesce(sum(u.cost_nano_usd), 0) from analysis.ai_usage_logs u where u.run_id = r.id)
     where r.id = any(p_run_ids) and r.state = 'waiting'
       and (r.scrape_id is null or r.scrape_id = any(v_scrapes)
         or not exists (select from analysis.scrapes c where c.id = r.scrape_id and c.state <> 'ended'))
    returning 'run', r.id, r.state, r.attempt;
  delete from analysis.call_answers a using analysis.runs r
   where a.run_id = r.id and r.id = any(p_run_ids) and r.state = 'failed';

  update analysis.scrapes c
     set state = 'ended', outcome = 'aborted', attempt = c.attempt + 1, seq = c.seq + 1, progressed_at = now(),
         ended_at = now(), lease_until = null, due_at = null
   where c.id = any(v_scrapes) and c.state in ('waiting', 'starting', 'running') and c.intent_at is null
     and not exists (select from analysis.runs r where r.scrape_id = c.id and r.state in ('waiting', 'scraping'));
  return query
    update analysis.scrapes c
       set state = 'aborting', attempt = c.attempt + 1, failures = 0, seq = c.seq + 1, progressed_at = now(),
           lease_until = null, not_before = null, due_at = now() + interval '5 seconds'
     where c.id = any(v_scrapes) and c.state in ('waiting', 'starting', 'running') and c.intent_at is not null
       and not exists (select from analysis.runs r where r.scrape_id = c.id and r.state in ('waiting', 'scraping'))
    returning 'scrape', c.id, c.state, c.attempt;
end $$;
grant execute on function analysis.runs_out_of_patience(double precision, double precision, integer),
  analysis.fail_waiting(uuid[], jsonb, jsonb) to analysis_service;

reset role;

-- migrate:down
