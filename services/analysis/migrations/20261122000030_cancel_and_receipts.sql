-- migrate:up
set local role analysis_owner;

alter table analysis.runs
  -- The bulk whose hold pays for it; null: it has a hold of its own.
  add column bulk_id uuid,
  -- [{step, at}]: when it came into each of its states.
  add column steps jsonb not null default '[]',
  -- Sums over its model calls that stay when their rows are cleaned up.
  add column call_count integer not null default 0,
  add column input_tokens bigint not null default 0,
  add column cached_tokens bigint not null default 0,
  add column output_tokens bigint not null default 0;
create index runs_of_bulk on analysis.runs (bulk_id) where bulk_id is not null;
grant select (bulk_id, steps, call_count, input_tokens, cached_tokens, output_tokens)
  on analysis.runs to authenticated, gateway_service;

create function analysis.keep_run_steps() returns trigger language plpgsql set search_path = '' as $$
begin
  if tg_op = 'INSERT' or new.state is distinct from old.state then
    new.steps := new.steps || pg_catalog.jsonb_build_object('step', new.state, 'at', pg_catalog.clock_timestamp());
  end if;
  -- The bulk's row sees to the settlement, so nobody announces this one again.
  if new.bulk_id is not null and new.state in ('completed', 'failed', 'cancelled') then
    new.due_at := null;
  end if;
  return new;
end $$;
create trigger keep_run_steps before insert or update on analysis.runs
  for each row execute function analysis.keep_run_steps();

-- What a call used goes into its run's sums when it comes back. A call that outlives its run (cancelled in mid-call) was paid all
-- the same: its cost is added here, since the run's end had summed up before. The row is locked first: an end that is being written
-- now has either seen this call or is seen here.
create function analysis.sum_up_call() returns trigger language plpgsql set search_path = '' as $$
begin
  perform 1 from analysis.runs r where r.id = new.run_id for no key update;
  update analysis.runs r
     set call_count = r.call_count + 1,
         input_tokens = r.input_tokens + coalesce(new.input_tokens, 0),
         cached_tokens = r.cached_tokens + coalesce(new.cached_tokens, 0),
         output_tokens = r.output_tokens + coalesce(new.output_tokens, 0),
         ai_cost_nano_usd = r.ai_cost_nano_usd
           + case when r.finished_at is null then 0 else coalesce(new.cost_nano_usd, 0) end
   where r.id = new.run_id;
  return null;
end $$;
create trigger sum_up_call after update on analysis.ai_usage_logs
  for each row when (old.finished_at is null and new.finished_at is not null) execute function analysis.sum_up_call();

-- A scrape's cost belongs to the run it was promoted for, also when that one was cancelled and others went on with it.
create function analysis.book_scrape() returns trigger language plpgsql set search_path = '' as $$
begin
  update analysis.runs r set scrape_cost_nano_usd = new.cost_nano_usd
   where r.id = new.promoted_for and r.scrape_cost_nano_usd <> new.cost_nano_usd;
  return null;
end $$;
create trigger book_scrape after update on analysis.scrapes
  for each row when (new.state = 'ended' and old.state <> 'ended' and new.cost_nano_usd > 0)
  execute function analysis.book_scrape();

-- Ends runs at once, claimed or not; the raised attempt fences their workers. A scrape that nobody wants any more is aborted:
-- by the last leaver alone, which is why its row is locked before it is counted who is left. Returns what to announce.
-- Lock order: scrapes by id, then runs by id; who cancels several takes the slot lock before (analysis.cancel_bulk).
create function analysis.cancel_runs(p_run_ids uuid[])
returns table (kind text, row_id uuid, state text, attempt integer)
language plpgsql set search_path = '' as $$
declare
  locked uuid[];
  scrape record;
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

  return query
    update analysis.runs r
       set state = 'cancelled', attempt = r.attempt + 1, cancel_requested_at = now(), current_step = 'cancelled', seq = r.seq + 1,
           progressed_at = now(), lease_until = null, not_before = null, due_at = now() + interval '5 seconds',
           ai_cost_nano_usd = (select coalesce(sum(u.cost_nano_usd), 0) from analysis.ai_usage_logs u where u.run_id = r.id)
     where r.id = any(p_run_ids) and r.state in ('queued', 'waiting', 'scraping', 'scoring')
    returning 'run', r.id, r.state, r.attempt;
  delete from analysis.call_answers a where a.run_id = any(p_run_ids);

  for scrape in
    select c.id, c.intent_at from analysis.scrapes c
     where c.id = any(locked) and c.state in ('waiting', 'starting', 'running')
       and not exists (select from analysis.runs r where r.scrape_id = c.id and r.state in ('waiting', 'scraping'))
     order by c.id
  loop
    if scrape.intent_at is null then  -- nothing was started, and nothing will be: the intent is a compare-and-set
      update analysis.scrapes c
         set state = 'ended', outcome = 'aborted', attempt = c.attempt + 1, seq = c.seq + 1, progressed_at = now(),
             ended_at = now(), lease_until = null, due_at = null
       where c.id = scrape.id;
    else
      return query
        update analysis.scrapes c
           set state = 'aborting', attempt = c.attempt + 1, failures = 0, seq = c.seq + 1, progressed_at = now(),
               lease_until = null, not_before = null, due_at = now() + interval '5 seconds'
         where c.id = scrape.id
        returning 'scrape', c.id, c.state, c.attempt;
    end if;
  end loop;
end $$;
grant execute on function analysis.cancel_runs(uuid[]) to analysis_service;

-- One row per model call, for receipts: the gateway filters by the account whose run it has shown before.
create view analysis.receipt_calls as
select u.run_id, u.account_id, u.call, u.attempt, u.provider, u.model, u.prompt_version, u.state, u.input_tokens, u.cached_tokens,
       u.output_tokens, u.cost_nano_usd, u.duration_ms, u.created_at
  from analysis.ai_usage_logs u;
-- A run's sums and the scrape it used. `is_shared`: another run paid for that scrape.
create view analysis.receipts as
select r.id as run_id, r.account_id, r.bulk_id, coalesce(r.bulk_id, r.id) as hold_id, r.steps, r.call_count, r.input_tokens, r.cached_tokens,
       r.output_tokens, r.ai_cost_nano_usd, r.scrape_cost_nano_usd, r.is_from_cache, r.settled_at, r.attempt,
       s.id as scrape_id, s.state as scrape_state, s.outcome as scrape_outcome, s.intent_at as scrape_started_at,
       s.ended_at as scrape_ended_at, s.attempt as scrape_attempt,
       s.promoted_for is distinct from r.id as is_shared
  from analysis.runs r left join analysis.scrapes s on s.id = r.scrape_id
 where r.state <> 'closed';
grant select on analysis.receipt_calls, analysis.receipts to gateway_service;

reset role;

-- migrate:down
