-- migrate:up
set local role analysis_owner;

-- The engine's first version of it was never used.
drop table analysis.job_runs;

-- One row for each slot of each job of ours that has come; a second tick for it finds the row and does nothing.
create table analysis.job_runs (
  id uuid primary key,
  job text not null,
  slot timestamptz not null,
  counts jsonb not null default '{}',
  reason text,
  state text not null check (state in ('due', 'done', 'failed')),
  attempt integer not null default 0,
  failures integer not null default 0,
  lease_until timestamptz,
  not_before timestamptz,
  due_at timestamptz,
  progressed_at timestamptz,
  cancel_requested_at timestamptz,
  seq bigint not null default 0,
  created_at timestamptz not null default now(),
  unique (job, slot)
);
create index job_runs_due on analysis.job_runs (due_at) where due_at is not null;
create index job_runs_old on analysis.job_runs (created_at) where state <> 'due';
alter table analysis.job_runs enable row level security;
alter table analysis.job_runs force row level security;
create policy owner_all on analysis.job_runs to analysis_owner using (true) with check (true);
create policy service_all on analysis.job_runs to analysis_service using (true) with check (true);
grant select, insert, update, delete on analysis.job_runs to analysis_service;

-- What the clean-ups look for.
create index leads_deleted on analysis.leads (deleted_at) where deleted_at is not null;
create index analyses_deleted on analysis.analyses (deleted_at) where deleted_at is not null;
create index runs_of_lead on analysis.runs (lead_id) where lead_id is not null;
create index runs_started on analysis.runs (progressed_at) where state in ('scraping', 'scoring');
create index scrapes_with_item on analysis.scrapes (ended_at) where item is not null;

-- Fails one run that was started and made no progress for so long; false if it did in the meantime. A scrape that nobody else
-- waits for is aborted, as when its last run is cancelled. Returns what to announce.
-- Lock order: scrape, then run. What is decided on is read again under the locks.
create function analysis.fail_stalled(p_run_id uuid, p_stalled_for interval, p_detail text)
returns table (kind text, row_id uuid, state text, attempt integer)
language plpgsql set search_path = '' as $$
declare
  v_scrape_id uuid;
  v_scrape analysis.scrapes;
  v_run analysis.runs;
begin
  select r.scrape_id into v_scrape_id from analysis.runs r where r.id = p_run_id and r.state = 'scraping';
  if v_scrape_id is not null then
    select * into v_scrape from analysis.scrapes c where c.id = v_scrape_id for update;
  end if;
  select * into v_run from analysis.runs r where r.id = p_run_id for update;
  if v_run.state is null or v_run.state not in ('scraping', 'scoring') or v_run.progressed_at > now() - p_stalled_for
     or (v_run.state = 'scraping' and v_run.scrape_id is distinct from v_scrape_id) then
    return;
  end if;

  return query
    update analysis.runs r
       set state = 'failed', attempt = r.attempt + 1, error_code = 'stalled', error_detail = p_detail, current_step = 'failed',
           seq = r.seq + 1, progressed_at = now(), lease_until = null, not_before = null, due_at = now() + interval '5 seconds',
           ai_cost_nano_usd = (select coalesce(sum(u.cost_nano_usd), 0) from analysis.ai_usage_logs u where u.run_id = r.id)
     where r.id = p_run_id
    returning 'run', r.id, r.state, r.attempt;
  delete from analysis.call_answers a where a.run_id = p_run_id;

  if v_scrape.state not in ('waiting', 'starting', 'running') or exists (
    select from analysis.runs r where r.scrape_id = v_scrape_id and r.state in ('waiting', 'scraping')
  ) then
    return;
  end if;
  if v_scrape.intent_at is null then  -- nothing was started, and nothing will be: the intent is a compare-and-set
    update analysis.scrapes c
       set state = 'ended', outcome = 'aborted', attempt = c.attempt + 1, seq = c.seq + 1, progressed_at = now(),
           ended_at = now(), lease_until = null, due_at = null
     where c.id = v_scrape_id;
  else
    return query
      update analysis.scrapes c
         set state = 'aborting', attempt = c.attempt + 1, failures = 0, seq = c.seq + 1, progressed_at = now(),
             lease_until = null, not_before = null, due_at = now() + interval '5 seconds'
       where c.id = v_scrape_id
      returning 'scrape', c.id, c.state, c.attempt;
  end if;
end $$;
grant execute on function analysis.fail_stalled(uuid, interval, text) to analysis_service;

reset role;

-- migrate:down
