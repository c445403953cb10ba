-- migrate:up
-- Runs, the scrapes they share, and what limits them.
set local role analysis_owner;

-- The states of a run. Active: queued → waiting → scraping → waiting → scoring, with ways back. Ended: completed, failed, cancelled.
-- `closed` is neither: an id that no run may take. An inlined expression, so that partial indexes over the list of states apply.
create function analysis.is_active(p_state text) returns boolean language sql immutable parallel safe
return p_state in ('queued', 'waiting', 'scraping', 'scoring');
grant execute on function analysis.is_active to analysis_service, gateway_service;

-- How many scrapes (the Apify limit) and scoring runs the whole fleet may have at once. `configured` is the value from the
-- settings, so that a restart with the same settings does not undo an operator's change.
create table analysis.slots (
  kind text primary key check (kind in ('scrape', 'score')),
  cap integer not null check (cap >= 0),
  configured integer not null,
  ageing_s integer not null default 60 check (ageing_s >= 0),
  configured_ageing_s integer not null default 60,
  aged_share real not null default 0.25 check (aged_share between 0 and 1)
);
select platform.protect('analysis.slots', 'analysis_service', 'select, insert, update, delete');
insert into analysis.slots (kind, cap, configured) values ('scrape', 10, 10), ('score', 60, 60);

-- Seeded from the catalogue when the service starts; a change here counts from the next promotion on.
create table analysis.plans (
  plan text primary key,
  max_running integer not null check (max_running > 0),
  weight integer not null check (weight > 0),
  is_paused boolean not null default false
);
select platform.protect('analysis.plans', 'analysis_service', 'select, insert, update, delete');
-- How many runs of the anonymous account may run at once, whatever the slots allow.
insert into analysis.plans (plan, max_running, weight) values ('anonymous', 3, 1);

-- Suppliers that are known to be unavailable, for the whole fleet. A row whose time has passed is ignored, so a process that
-- dies leaves no outage behind.
create table analysis.outages (
  supplier text primary key check (supplier in ('apify', 'openai', 'anthropic')),
  down_until timestamptz not null,
  since timestamptz not null default now(),
  reason text not null,
  -- False: it works and rejects requests because of a rate limit, which only ends with time, not by a probe.
  is_outage boolean not null default true,
  probed_at timestamptz
);
select platform.protect('analysis.outages', 'analysis_service', 'select, insert, update, delete');
-- Users read a waiting run's step as themselves, and that depends on these two columns. The reason is not among them.
create policy users_read on analysis.outages for select to authenticated, gateway_service using (true);
grant select (supplier, down_until) on analysis.outages to authenticated;
grant select (supplier, down_until) on analysis.outages to gateway_service;

create table analysis.scrapes (
  id uuid primary key,
  state text not null check (state in ('waiting', 'starting', 'running', 'aborting', 'ended')),
  username text not null,
  -- The account it was promoted for carries its load, the run its cost; others that share it show 0.
  account_id uuid,
  promoted_for uuid,
  -- The intent is written before the request to start the actor: a start whose answer is lost can then be adopted.
  intent_at timestamptz,
  actor_run_id text unique,
  started_at timestamptz,
  outcome text check (outcome in ('fetched', 'unavailable', 'failed', 'aborted')),
  reason_code text,
  reason_detail text,
  -- Stored only while the cache does not accept it.
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
  seq bigint not null default 0,
  -- Actor runs that were started for it, or may have been. Never decreases.
  starts smallint not null default 0 check (starts >= 0),
  -- Those that were aborted because they did not end.
  overruns smallint not null default 0 check (overruns >= 0),
  -- When its supplier first could not serve it, since it last made progress.
  snoozed_since timestamptz,
  profile_id text,
  scraped_at timestamptz,
  check ((state = 'ended') = (outcome is not null))
);
create index scrapes_holding_slot on analysis.scrapes (account_id) where state in ('starting', 'running', 'aborting');
create index scrapes_due on analysis.scrapes (due_at) where due_at is not null;
create index scrapes_ended on analysis.scrapes (ended_at desc) where state = 'ended';
create index scrapes_with_item on analysis.scrapes (ended_at) where item is not null;
-- For the purge of an account.
create index scrapes_of_account on analysis.scrapes (account_id) where account_id is not null and ended_at is not null;
create index scrapes_of_name on analysis.scrapes (username);
-- An erasure searches for the other names of a profile.
create index scrapes_of_profile on analysis.scrapes (profile_id) where profile_id is not null;
-- For the daily clean-up: scrapes that have ended and still have their profile's name.
create index scrapes_named on analysis.scrapes (ended_at) where ended_at is not null and username <> '-';
-- All types of analysis want the same scrape of a profile.
create unique index scrapes_shared_by_name on analysis.scrapes (username) where state in ('waiting', 'starting', 'running');
select platform.protect('analysis.scrapes', 'analysis_service', 'select, insert, update, delete');

create table analysis.runs (
  id uuid primary key,
  -- 'closed': credits requested the outcome of an id that did not exist; the row has that key, so no run can take it later.
  state text not null check (state in
    ('queued', 'waiting', 'scraping', 'scoring', 'completed', 'failed', 'cancelled', 'closed')),
  account_id uuid,
  user_id uuid,
  business_profile_id uuid,
  type text check (type in ('light', 'deep', 'xray', 'business_profile')),
  username text,
  price_credits integer check (price_credits >= 0),
  max_age_s integer check (max_age_s > 0),
  priority smallint not null default 0,
  request_id text,
  waits_for text check (waits_for in ('scrape', 'score', 'scrape_retry', 'score_retry')),
  scrape_id uuid references analysis.scrapes (id),
  -- The cache lost the item that admit had found: scrape without reading it again.
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
  seq bigint not null default 0,
  reserved_nano_usd bigint not null default 0 check (reserved_nano_usd >= 0),
  -- The day that its cost counts for, also when it ends on the next.
  cost_day date,
  -- The bulk whose hold pays for it; null: it has a hold of its own.
  bulk_id uuid,
  -- [{step, at}]: when it came into each of its states.
  steps jsonb not null default '[]',
  -- Sums over its model calls that stay when their rows are cleaned up.
  call_count integer not null default 0,
  input_tokens bigint not null default 0,
  cached_tokens bigint not null default 0,
  output_tokens bigint not null default 0,
  is_new_lead boolean,
  redact_at timestamptz,
  redacted_at timestamptz,
  username_hmac text,
  business_version integer check (business_version > 0),
  -- How often it started over because its profile was missing from the cache.
  requeues smallint not null default 0 check (requeues >= 0),
  snoozed_since timestamptz,
  -- A draft of a business profile has no Instagram profile and no business yet.
  check (state = 'closed' or (account_id is not null and type is not null and price_credits is not null
    and max_age_s is not null
    and (type = 'business_profile' or (business_profile_id is not null and username is not null)))),
  check ((state = 'waiting') = (waits_for is not null)),
  check ((state = 'failed') = (error_code is not null)),
  check ((state in ('completed', 'failed', 'cancelled')) = (finished_at is not null)),
  constraint runs_redacted check (redacted_at is null or (username = '-' and finished_at is not null)),
  constraint runs_priority check (priority in (0, 1))
);
-- The same analysis is active once; a request that loses the race joins the winner.
create unique index runs_same_active on analysis.runs (account_id, business_profile_id, username, type)
  where state in ('queued', 'waiting', 'scraping', 'scoring');
create index runs_same_finished on analysis.runs (account_id, business_profile_id, username, type, finished_at desc)
  where state = 'completed';
-- Promotion reads it as a loose index scan, from account to account.
create index runs_waiting on analysis.runs (waits_for, account_id, priority, created_at, id) where state = 'waiting';
create index runs_scoring on analysis.runs (account_id) where state = 'scoring';
create index runs_of_scrape on analysis.runs (scrape_id) where scrape_id is not null;
create index runs_due on analysis.runs (due_at) where due_at is not null;
create index runs_listed on analysis.runs (account_id, created_at desc, id desc);
create index runs_status on analysis.runs (account_id, state, created_at desc, id desc);
create index runs_of_bulk on analysis.runs (bulk_id) where bulk_id is not null;
create index runs_of_lead on analysis.runs (lead_id) where lead_id is not null;
create index runs_started on analysis.runs (progressed_at) where state in ('scraping', 'scoring');
create index runs_redact on analysis.runs (redact_at) where redact_at is not null and redacted_at is null;
-- For outgoing webhooks: ended runs in the order in which they ended.
create index runs_ended on analysis.runs (finished_at, id) where finished_at is not null;
-- An erasure searches all accounts' rows for its name, every few seconds while it is watched.
create index runs_of_name on analysis.runs (username);
create index runs_of_username_hmac on analysis.runs (username_hmac) where username_hmac is not null;
create index runs_postponed on analysis.runs (not_before)
  where state = 'waiting' and waits_for in ('scrape_retry', 'score_retry');
create index runs_snoozed on analysis.runs (snoozed_since) where state = 'waiting' and snoozed_since is not null;
select platform.protect('analysis.runs', 'analysis_service', 'select, insert, update, delete');
-- Users and the gateway do not read what a run cost in dollars.
select platform.show_to_members('analysis.runs',
  'id, state, account_id, business_profile_id, type, username, price_credits, priority, waits_for, scrape_id,
   is_from_cache, progress, current_step, error_code, error_detail, lead_id, charged_credits, released_credits,
   settled_at, created_at, started_at, finished_at, seq, bulk_id, steps, call_count, input_tokens, cached_tokens,
   output_tokens, is_new_lead, redacted_at', p_with_gateway => true);

select platform.create_job_runs('analysis', 'analysis_service');

reset role;

-- migrate:down
