-- migrate:up
-- What calls and scrapes cost, and the limits per account and day.
set local role analysis_owner;

-- What an account's runs may cost us in a day (UTC), and the worst case of one run of a type. Both are seeded from the settings
-- when the service starts; `configured` is the value from there, so that a restart does not undo an operator's change.
create table analysis.cost_limits (
  is_singleton boolean primary key default true check (is_singleton),
  daily_nano_usd bigint not null check (daily_nano_usd > 0),
  configured bigint not null
);
select platform.protect('analysis.cost_limits', 'analysis_service', 'select, insert, update, delete');
insert into analysis.cost_limits (daily_nano_usd, configured) values (1000000000000, 1000000000000);

create table analysis.type_costs (
  type text primary key check (type in ('light', 'deep', 'xray', 'business_profile')),
  worst_nano_usd bigint not null check (worst_nano_usd >= 0),
  usual_nano_usd bigint check (usual_nano_usd >= 0),
  learnt_nano_usd bigint check (learnt_nano_usd >= 0)
);
select platform.protect('analysis.type_costs', 'analysis_service', 'select, insert, update, delete');
-- Safe upper bounds, until the service has computed them from its table of models.
insert into analysis.type_costs (type, worst_nano_usd) values
  ('light', 300000000), ('deep', 1000000000), ('xray', 2000000000), ('business_profile', 500000000);

-- A run's worst case is in `reserved` from its insert to its end, then what it cost is in `spent`.
create table analysis.daily_costs (
  account_id uuid not null,
  day date not null,
  reserved_nano_usd bigint not null default 0 check (reserved_nano_usd >= 0),
  spent_nano_usd bigint not null default 0 check (spent_nano_usd >= 0),
  primary key (account_id, day)
);
-- For the daily clean-up.
create index daily_costs_old on analysis.daily_costs (day);
select platform.protect('analysis.daily_costs', 'analysis_service', 'select, insert, update, delete');

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
select platform.protect('analysis.ai_usage_logs', 'analysis_service', 'select, insert, update, delete');

-- An answer that was received is never paid for again: the first one wins, and is deleted when the run ends.
create table analysis.call_answers (
  run_id uuid not null references analysis.runs (id) on delete cascade,
  call text not null,
  usage_id uuid not null,
  answer jsonb not null,
  primary key (run_id, call)
);
select platform.protect('analysis.call_answers', 'analysis_service', 'select, insert, update, delete');

-- What suppliers report about the models that we use: their lists, once a day, and answers with model_not_found. Every replica
-- reads it every few seconds, so one such answer is enough for all of them.
create table analysis.models (
  provider text not null check (provider in ('openai', 'anthropic')),
  name text not null,
  is_listed boolean not null default true,
  listed_at timestamptz,
  shuts_down_on date,
  removed_at timestamptz,
  primary key (provider, name)
);
select platform.protect('analysis.models', 'analysis_service', 'select, insert, update, delete');

-- The amount that is reserved for an accepted run. Cached answers cost nothing, so the learnt cost counts as at least a quarter
-- of the estimate; no run costs more than its worst case.
create function analysis.estimate_run_cost() returns trigger language plpgsql set search_path = '' as $$
begin
  new.reserved_nano_usd := (
    select case when c.learnt_nano_usd is not null and c.usual_nano_usd is not null
             then least(c.worst_nano_usd, greatest(c.learnt_nano_usd, c.usual_nano_usd / 4))
             else least(c.worst_nano_usd, c.usual_nano_usd) end
      from analysis.type_costs c where c.type = new.type);
  new.cost_day := (pg_catalog.now() at time zone 'UTC')::date;
  return new;
end $$;
create trigger estimate_run_cost before insert on analysis.runs
  for each row when (new.state <> 'closed') execute function analysis.estimate_run_cost();

-- Reserves the cost of every new run: the account's row is locked by its update, so concurrent accepts cannot exceed the limit
-- together. Raises OS429. Rows are taken in one order, since a statement may insert or end runs of several accounts.
create function analysis.reserve_cost() returns trigger language plpgsql set search_path = '' as $$
declare
  wanted record;
begin
  for wanted in
    select n.account_id, n.cost_day, sum(n.reserved_nano_usd)::bigint as nano_usd
      from new_rows n where n.cost_day is not null group by 1, 2 order by 1, 2
  loop
    insert into analysis.daily_costs (account_id, day) values (wanted.account_id, wanted.cost_day) on conflict do nothing;
    update analysis.daily_costs d set reserved_nano_usd = d.reserved_nano_usd + wanted.nano_usd
     where d.account_id = wanted.account_id and d.day = wanted.cost_day
       and d.reserved_nano_usd + d.spent_nano_usd + wanted.nano_usd <= (select l.daily_nano_usd from analysis.cost_limits l);
    if not found then
      raise exception 'cost_limit_reached' using errcode = 'OS429';
    end if;
  end loop;
  return null;
end $$;
create trigger reserve_cost after insert on analysis.runs
  referencing new table as new_rows for each statement execute function analysis.reserve_cost();

-- When a run ends, its reserve becomes what it cost; what is booked after its end (a call that outlived it) is added.
create function analysis.true_up_cost() returns trigger language plpgsql set search_path = '' as $$
declare
  moved record;
begin
  for moved in
    select n.account_id, n.cost_day,
           sum(case when n.finished_at is null then n.reserved_nano_usd else 0 end
             - case when o.finished_at is null then o.reserved_nano_usd else 0 end)::bigint as reserved_nano_usd,
           sum(case when n.finished_at is null then 0 else n.ai_cost_nano_usd + n.scrape_cost_nano_usd end
             - case when o.finished_at is null then 0 else o.ai_cost_nano_usd + o.scrape_cost_nano_usd end)::bigint as spent_nano_usd
      from new_rows n join old_rows o on o.id = n.id
     where n.cost_day is not null
       and ((n.finished_at is null) <> (o.finished_at is null)
         or (n.finished_at is not null
             and n.ai_cost_nano_usd + n.scrape_cost_nano_usd <> o.ai_cost_nano_usd + o.scrape_cost_nano_usd))
     group by 1, 2 order by 1, 2
  loop
    update analysis.daily_costs d
       set reserved_nano_usd = d.reserved_nano_usd + moved.reserved_nano_usd,
           spent_nano_usd = greatest(0, d.spent_nano_usd + moved.spent_nano_usd)
     where d.account_id = moved.account_id and d.day = moved.cost_day;
  end loop;
  return null;
end $$;
create trigger true_up_cost after update on analysis.runs
  referencing old table as old_rows new table as new_rows for each statement execute function analysis.true_up_cost();

-- Adds a call's tokens to its run's sums when it returns. A call that outlives its run (cancelled in mid-call) was paid too: its
-- cost is added here, since the run's end computed its sum before. The row is locked first, so an end that is written
-- concurrently has either counted this call or is visible here.
create function analysis.add_call_cost() returns trigger language plpgsql set search_path = '' as $$
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
create trigger add_call_cost after update on analysis.ai_usage_logs
  for each row when (old.finished_at is null and new.finished_at is not null) execute function analysis.add_call_cost();

-- A scrape's cost belongs to the run it was promoted for, also when that run was cancelled and others continued to use it. A run
-- may have had two scrapes, if the first one's profile was lost: it pays for both.
-- Adding to a run that has ended changes its account's day, and the runs that end with the scrape change theirs in a later
-- statement of the same transaction. So all these days are locked here, in order: otherwise two scrapes could deadlock.
create function analysis.add_scrape_cost() returns trigger language plpgsql set search_path = '' as $$
begin
  perform 1 from analysis.runs r where r.id = new.promoted_for for no key update;
  if exists (select from analysis.runs r where r.id = new.promoted_for and r.finished_at is not null) then
    perform 1 from analysis.daily_costs d
     where (d.account_id, d.day) in (
       select r.account_id, r.cost_day from analysis.runs r where r.id = new.promoted_for
       union
       select r.account_id, r.cost_day from analysis.runs r where r.scrape_id = new.id and r.state in ('waiting', 'scraping'))
     order by d.account_id, d.day for no key update;
  end if;
  update analysis.runs r set scrape_cost_nano_usd = r.scrape_cost_nano_usd + new.cost_nano_usd where r.id = new.promoted_for;
  return null;
end $$;
create trigger add_scrape_cost after update on analysis.scrapes
  for each row when (new.state = 'ended' and old.state <> 'ended' and new.cost_nano_usd > 0)
  execute function analysis.add_scrape_cost();

-- Learns the cost of a run of each type: the 95th percentile of the last 5,000 completed runs of a week. A type with fewer than
-- 20 of them keeps its value.
create function analysis.learn_costs() returns void language plpgsql set search_path = '' as $$
begin
  -- In the order in which all functions lock several of them.
  perform 1 from analysis.type_costs c order by c.type for update;
  update analysis.type_costs c set learnt_nano_usd = recent.p95
    from (
      select ended.type, percentile_disc(0.95) within group (order by ended.nano_usd) as p95
        from (select r.type, r.ai_cost_nano_usd + r.scrape_cost_nano_usd as nano_usd from analysis.runs r
               where r.finished_at > now() - interval '7 days' and r.state = 'completed'
               order by r.finished_at desc limit 5000) ended
       group by ended.type having count(*) >= 20
    ) recent
   where c.type = recent.type and c.learnt_nano_usd is distinct from recent.p95;
end $$;
grant execute on function analysis.learn_costs to analysis_service;

reset role;

-- migrate:down
