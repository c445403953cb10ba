-- migrate:up
set local role analysis_owner;

-- What an account's runs may cost us in a day (UTC), and what one run of a type may cost at its worst. Both are seeded from the
-- settings when the service starts; `configured` remembers those, so that a restart doesn't undo what an operator changed here.
create table analysis.cost_limits (
  only_one boolean primary key default true check (only_one),
  daily_nano_usd bigint not null check (daily_nano_usd > 0),
  configured bigint not null
);
insert into analysis.cost_limits (daily_nano_usd, configured) values (1000000000000, 1000000000000);
create table analysis.type_costs (
  type text primary key check (type in ('light', 'deep', 'xray')),
  worst_nano_usd bigint not null check (worst_nano_usd >= 0)
);
insert into analysis.type_costs (type, worst_nano_usd) values ('light', 100000000), ('deep', 250000000), ('xray', 750000000);

-- A run's worst case is in `reserved` from its insert to its end, then what it cost is in `spent`.
create table analysis.daily_costs (
  account_id uuid not null,
  day date not null,
  reserved_nano_usd bigint not null default 0 check (reserved_nano_usd >= 0),
  spent_nano_usd bigint not null default 0 check (spent_nano_usd >= 0),
  primary key (account_id, day)
);
alter table analysis.runs
  add column reserved_nano_usd bigint not null default 0 check (reserved_nano_usd >= 0),
  -- The day that pays for it, also when it ends on the next.
  add column cost_day date;

do $$
declare
  name text;
begin
  foreach name in array array['cost_limits', 'type_costs', 'daily_costs'] loop
    execute format('alter table analysis.%I enable row level security', name);
    execute format('alter table analysis.%I force row level security', name);
    execute format('create policy owner_all on analysis.%I to analysis_owner using (true) with check (true)', name);
    execute format('create policy service_all on analysis.%I to analysis_service using (true) with check (true)', name);
    execute format('grant select, insert, update, delete on analysis.%I to analysis_service', name);
  end loop;
end $$;

create function analysis.price_run() returns trigger language plpgsql set search_path = '' as $$
begin
  new.reserved_nano_usd := (select c.worst_nano_usd from analysis.type_costs c where c.type = new.type);
  new.cost_day := (pg_catalog.now() at time zone 'UTC')::date;
  return new;
end $$;
create trigger price_run before insert on analysis.runs
  for each row when (new.state <> 'closed') execute function analysis.price_run();

-- However a run is made, it is reserved for: the account's row is locked by its update, so accepts at once can't pass the limit
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

-- However a run ends, its reserve becomes what it cost; what is booked after its end (a call that outlived it) is added.
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

-- As before, and: outcome `cost_limit` when the account's day has no room for the run's worst case; a profile is never asked for
-- younger than five minutes.
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
       and r.type = p_type and r.state in ('queued', 'waiting', 'scraping', 'scoring');
    if found then
      return query select 'same', found_run.id, found_run.state, found_run.attempt;
      return;
    end if;
    -- The one that was in the way has just ended: try again.
  end loop;
  raise exception 'accept_run: no place for run % after 5 tries', p_run_id using errcode = 'serialization_failure';
end $$;

reset role;

-- migrate:down
