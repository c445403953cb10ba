-- migrate:up
set local role analysis_owner;

-- How many scrapes (the Apify limit) and scoring runs the whole fleet may have at once. `configured` remembers what the
-- settings said, so that a restart with the same settings doesn't undo what an operator changed here.
create table analysis.slots (
  kind text primary key check (kind in ('scrape', 'score')),
  cap integer not null check (cap >= 0),
  configured integer not null
);
insert into analysis.slots (kind, cap, configured) values ('scrape', 10, 10), ('score', 60, 60);

-- Seeded from the catalogue when the service starts; a change here counts from the next promotion on.
create table analysis.plans (
  plan text primary key,
  max_running integer not null check (max_running > 0),
  weight integer not null check (weight > 0),
  is_paused boolean not null default false
);

create table analysis.scrapes (
  id uuid primary key,
  state text not null check (state in ('waiting', 'starting', 'running', 'aborting', 'ended')),
  username text not null,
  depth text not null default 'profile',
  -- The account it was promoted for carries its load, the run its cost; others that share it show 0.
  account_id uuid,
  promoted_for uuid,
  -- The intent is written before the actor is asked to start: a start whose answer is lost can then be adopted.
  intent_at timestamptz,
  actor_run_id text unique,
  started_at timestamptz,
  outcome text check (outcome in ('fetched', 'unavailable', 'failed', 'aborted')),
  reason_code text,
  reason_detail text,
  -- Kept only while the cache would not take it.
  item jsonb,
  cost_nano_usd bigint not null default 0 check (cost_nano_usd >= 0),
  ended_at timestamptz,
  created_at timestamptz not null default now(),
  attempt integer not null default 0,
  failures integer not null default 0,
  lease_until timestamptz,
  not_before timestamptz,
  due_at timestamptz,
  progressed_at timestamptz not null default now(),
  cancel_requested_at timestamptz,
  seq bigint not null default 0,
  check ((state = 'ended') = (outcome is not null))
);
-- Runs that want the same profile share one scrape, over replicas. An aborting one can't be joined any more.
create unique index scrapes_shared on analysis.scrapes (username, depth) where state in ('waiting', 'starting', 'running');
create index scrapes_holding_slot on analysis.scrapes (account_id) where state in ('starting', 'running', 'aborting');
create index scrapes_due on analysis.scrapes (due_at) where due_at is not null;

create table analysis.runs (
  id uuid primary key,
  -- 'closed': somebody asked for the outcome of an id that wasn't there; under the same key, so no run can take it later.
  state text not null check (state in
    ('queued', 'waiting', 'scraping', 'scoring', 'completed', 'failed', 'cancelled', 'closed')),
  account_id uuid,
  user_id uuid,
  business_profile_id uuid,
  type text check (type in ('light', 'deep', 'xray')),
  username text,
  price_credits integer check (price_credits >= 0),
  max_age_s integer check (max_age_s > 0),
  priority smallint not null default 0,
  request_id text,
  waits_for text check (waits_for in ('scrape', 'score')),
  scrape_id uuid references analysis.scrapes (id),
  -- The cache lost what admit had seen: this time scrape, whatever it says.
  is_cache_bypassed boolean not null default false,
  is_from_cache boolean,
  progress smallint not null default 0 check (progress between 0 and 100),
  current_step text not null default 'queued',
  error_code text,
  error_detail text,
  lead_id uuid,
  ai_cost_nano_usd bigint not null default 0 check (ai_cost_nano_usd >= 0),
  scrape_cost_nano_usd bigint not null default 0 check (scrape_cost_nano_usd >= 0),
  charged_credits integer,
  released_credits integer,
  settled_at timestamptz,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz,
  attempt integer not null default 0,
  failures integer not null default 0,
  lease_until timestamptz,
  not_before timestamptz,
  due_at timestamptz,
  progressed_at timestamptz not null default now(),
  cancel_requested_at timestamptz,
  seq bigint not null default 0,
  check (state = 'closed' or (account_id is not null and business_profile_id is not null and type is not null
    and username is not null and price_credits is not null and max_age_s is not null)),
  check ((state = 'waiting') = (waits_for is not null)),
  check ((state = 'failed') = (error_code is not null)),
  check ((state in ('completed', 'failed', 'cancelled')) = (finished_at is not null))
);
-- The same analysis is at work once; whoever loses the race joins the winner.
create unique index runs_same_active on analysis.runs (account_id, business_profile_id, username, type)
  where state in ('queued', 'waiting', 'scraping', 'scoring');
create index runs_same_finished on analysis.runs (account_id, business_profile_id, username, type, finished_at desc)
  where state = 'completed';
-- Promotion skips from account to account over this one.
create index runs_waiting on analysis.runs (waits_for, account_id, priority, created_at, id) where state = 'waiting';
create index runs_scoring on analysis.runs (account_id) where state = 'scoring';
create index runs_of_scrape on analysis.runs (scrape_id) where scrape_id is not null;
create index runs_due on analysis.runs (due_at) where due_at is not null;
create index runs_listed on analysis.runs (account_id, created_at desc, id desc);
create index runs_status on analysis.runs (account_id, state, created_at desc, id desc);

-- True whoever writes: progress never falls, an end has its time, and only a waiting run waits for something.
create function analysis.keep_run_rules() returns trigger language plpgsql set search_path = '' as $$
begin
  new.progress := greatest(new.progress, old.progress);
  if new.state in ('completed', 'failed', 'cancelled') and new.finished_at is null then
    new.finished_at := pg_catalog.now();
  end if;
  if new.state <> 'waiting' then
    new.waits_for := null;
  end if;
  return new;
end $$;
create trigger keep_run_rules before update on analysis.runs for each row execute function analysis.keep_run_rules();

create table analysis.leads (
  id uuid primary key,
  account_id uuid not null,
  business_profile_id uuid not null,
  username text not null,
  full_name text,
  followers integer,
  category text,
  latest_score smallint check (latest_score between 0 and 100),
  latest_type text,
  analysed_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz
);
create unique index leads_one on analysis.leads (account_id, business_profile_id, username) where deleted_at is null;
create index leads_listed on analysis.leads (account_id, created_at desc, id desc);

create table analysis.analyses (
  id uuid primary key,
  run_id uuid not null unique references analysis.runs (id),
  lead_id uuid not null references analysis.leads (id) on delete cascade,
  account_id uuid not null,
  business_profile_id uuid not null,
  type text not null,
  score smallint not null check (score between 0 and 100),
  result jsonb not null,
  prompt_version text not null,
  created_at timestamptz not null default now(),
  deleted_at timestamptz
);
create index analyses_of_lead on analysis.analyses (lead_id, created_at desc);
create index analyses_of_account on analysis.analyses (account_id, created_at desc);

-- One row per model call, made before the request and completed after it, never fenced: the money is spent.
create table analysis.ai_usage_logs (
  id uuid primary key,
  run_id uuid not null,
  account_id uuid not null,
  call text not null,
  attempt integer not null,
  provider text not null,
  model text not null,
  prompt_version text not null,
  state text not null default 'booked' check (state in ('booked', 'answered', 'refused', 'cut_short', 'failed')),
  input_tokens integer,
  cached_tokens integer,
  output_tokens integer,
  cost_nano_usd bigint check (cost_nano_usd >= 0),
  duration_ms integer,
  error text,
  created_at timestamptz not null default now(),
  finished_at timestamptz
);
create index ai_usage_logs_created on analysis.ai_usage_logs (created_at);
create index ai_usage_logs_of_run on analysis.ai_usage_logs (run_id);
create index ai_usage_logs_of_account on analysis.ai_usage_logs (account_id, created_at);

-- An answer that came back is never paid for again: the first one wins, and it goes with the run's end.
create table analysis.call_answers (
  run_id uuid not null references analysis.runs (id) on delete cascade,
  call text not null,
  usage_id uuid not null,
  answer jsonb not null,
  primary key (run_id, call)
);

create table analysis.job_runs (
  job text not null,
  slot timestamptz not null,
  state text not null default 'running' check (state in ('running', 'done', 'failed')),
  counts jsonb not null default '{}',
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  primary key (job, slot)
);

-- Row-level security: the owner and the service by name (FORCE hides rows from definer functions otherwise), users their own.
do $$
declare
  name text;
begin
  foreach name in array array['slots', 'plans', 'scrapes', 'runs', 'leads', 'analyses', 'ai_usage_logs', 'call_answers', 'job_runs'] loop
    execute format('alter table analysis.%I enable row level security', name);
    execute format('alter table analysis.%I force row level security', name);
    execute format('create policy owner_all on analysis.%I to analysis_owner using (true) with check (true)', name);
    execute format('create policy service_all on analysis.%I to analysis_service using (true) with check (true)', name);
    execute format('grant select, insert, update, delete on analysis.%I to analysis_service', name);
  end loop;
  -- Users see these; what a call or a scrape cost in dollars is not among the columns they get.
  foreach name in array array['runs', 'leads', 'analyses'] loop
    execute format('create policy members_read on analysis.%I for select to authenticated '
      'using (account_id in (select public.user_account_ids()))', name);
    execute format('create policy gateway_read on analysis.%I for select to gateway_service using (true)', name);
  end loop;
end $$;
grant select (id, state, account_id, business_profile_id, type, username, price_credits, waits_for, scrape_id, is_from_cache,
  progress, current_step, error_code, error_detail, lead_id, charged_credits, released_credits, settled_at, created_at,
  started_at, finished_at, cancel_requested_at, seq, priority)
  on analysis.runs to authenticated, gateway_service;
grant select on analysis.leads, analysis.analyses to authenticated, gateway_service;

create view analysis.run_view with (security_invoker = true) as
select r.id as run_id, r.account_id, r.business_profile_id, r.type, r.username, r.state as status, r.progress, r.current_step,
       r.cancel_requested_at is not null as should_cancel, r.waits_for, r.is_from_cache, r.lead_id,
       a.result, r.error_code, r.error_detail, r.price_credits, r.charged_credits, r.released_credits,
       r.seq, r.created_at, r.finished_at, r.settled_at
  from analysis.runs r left join analysis.analyses a on a.run_id = r.id
 where r.state <> 'closed';
grant select on analysis.run_view to authenticated, gateway_service, analysis_service;

reset role;

-- migrate:down
