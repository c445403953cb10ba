-- migrate:up
set local role analysis_owner;

-- Many names under one hold. It is a work row: the sweep closes one whose last run's end was not noticed, and announces one that
-- has ended until it is settled. Its id is taken in analysis.runs too (as a closed one), since runs and bulks share one space of holds.
create table analysis.bulks (
  id uuid primary key references analysis.runs (id),
  state text not null check (state in ('open', 'ended')),
  account_id uuid not null,
  user_id uuid,
  business_profile_id uuid not null,
  type text not null check (type in ('light', 'deep', 'xray')),
  price_credits integer not null check (price_credits >= 0),
  held_credits integer not null check (held_credits >= 0),
  -- Stop once this many leads score at least that.
  stop_after_leads integer check (stop_after_leads > 0),
  stop_score smallint check (stop_score between 0 and 100),
  stopped_because text check (stopped_because in ('cancelled', 'enough_leads')),
  -- [{line, text, problem, detail}]: what of the list was not taken, and why.
  rejected jsonb not null default '[]',
  charged_credits integer,
  released_credits integer,
  settled_at timestamptz,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  attempt integer not null default 0,
  failures integer not null default 0,
  lease_until timestamptz,
  not_before timestamptz,
  due_at timestamptz,
  progressed_at timestamptz not null default now(),
  cancel_requested_at timestamptz,
  seq bigint not null default 0,
  check ((state = 'ended') = (finished_at is not null)),
  check ((stop_after_leads is null) = (stop_score is null))
);
create index bulks_due on analysis.bulks (due_at) where due_at is not null;
create index bulks_listed on analysis.bulks (account_id, created_at desc, id desc);

-- A name that was at work or fresh already links to that run: not `owned`, so neither charged nor cancelled with the bulk.
create table analysis.bulk_items (
  bulk_id uuid not null references analysis.bulks (id) on delete cascade,
  line integer not null check (line > 0),
  account_id uuid not null,
  run_id uuid not null references analysis.runs (id) on delete cascade,
  owned boolean not null,
  primary key (bulk_id, line)
);
create index bulk_items_of_run on analysis.bulk_items (run_id);
create index bulk_items_of_account on analysis.bulk_items (account_id);

do $$
declare
  name text;
begin
  foreach name in array array['bulks', 'bulk_items'] loop
    execute format('alter table analysis.%I enable row level security', name);
    execute format('alter table analysis.%I force row level security', name);
    execute format('create policy owner_all on analysis.%I to analysis_owner using (true) with check (true)', name);
    execute format('create policy service_all on analysis.%I to analysis_service using (true) with check (true)', name);
    execute format('create policy gateway_read on analysis.%I for select to gateway_service using (true)', name);
    execute format('create policy members_read on analysis.%I for select to authenticated '
      'using (account_id in (select public.user_account_ids()))', name);
    execute format('grant select, insert, update, delete on analysis.%I to analysis_service', name);
    execute format('grant select on analysis.%I to authenticated, gateway_service', name);
  end loop;
end $$;

-- Makes a list of names a bulk, in one transaction: what is at work or fresh is linked, the rest become runs, at most p_max_runs of
-- them (what the hold pays for), in the order of the list. outcome: accepted, exists (this account's bulk already) or closed.
create function analysis.accept_bulk(
  p_bulk_id uuid, p_account_id uuid, p_user_id uuid, p_business_profile_id uuid, p_type text, p_price_credits integer,
  p_held_credits integer, p_max_runs integer, p_max_age interval, p_request_id text,
  p_lines integer[], p_usernames text[], p_run_ids uuid[], p_rejected jsonb, p_stop_after_leads integer, p_stop_score integer
) returns table (outcome text, owned_run_ids uuid[], linked_count integer, skipped_lines integer[])
language plpgsql security definer set search_path = '' as $$
declare
  made uuid[] := '{}';
  made_now uuid[];
  linked integer := 0;
  linked_now integer;
  missing integer[];
begin
  insert into analysis.runs (id, state) values (p_bulk_id, 'closed') on conflict do nothing;
  if not found then
    return query select
      case when exists (select from analysis.bulks b where b.id = p_bulk_id and b.account_id = p_account_id)
        then 'exists' else 'closed' end, '{}'::uuid[], 0, '{}'::integer[];
    return;
  end if;
  insert into analysis.bulks (id, state, account_id, user_id, business_profile_id, type, price_credits, held_credits,
                              stop_after_leads, stop_score, rejected, due_at)
  values (p_bulk_id, 'open', p_account_id, p_user_id, p_business_profile_id, p_type, p_price_credits, p_held_credits,
          p_stop_after_leads, p_stop_score, p_rejected, now() + interval '5 seconds');

  for tries in 1..5 loop
    insert into analysis.bulk_items (bulk_id, line, account_id, run_id, owned)
    select p_bulk_id, w.line, p_account_id, same.run_id, false
      from unnest(p_lines, p_usernames) as w (line, username)
      cross join lateral analysis.find_same(p_account_id, p_business_profile_id, w.username, p_type, now() - p_max_age) as same
     where not exists (select from analysis.bulk_items i where i.bulk_id = p_bulk_id and i.line = w.line);
    get diagnostics linked_now = row_count;
    linked := linked + linked_now;

    -- By name, so that two bulks of one account that meet wait for each other in the same order.
    with wanted as (
      select w.line, w.username, w.run_id from unnest(p_lines, p_usernames, p_run_ids) as w (line, username, run_id)
       where not exists (select from analysis.bulk_items i where i.bulk_id = p_bulk_id and i.line = w.line)
       order by w.line limit p_max_runs - cardinality(made)
    ), runs as (
      insert into analysis.runs (id, state, account_id, user_id, business_profile_id, username, type, price_credits, max_age_s,
                                 request_id, priority, bulk_id, created_at, due_at)
      select w.run_id, 'queued', p_account_id, p_user_id, p_business_profile_id, w.username, p_type, p_price_credits,
             extract(epoch from p_max_age)::integer, p_request_id, 1, p_bulk_id,
             now() + make_interval(secs => w.line / 1000000.0), now() + interval '1 second'
        from wanted w order by w.username
      on conflict do nothing
      returning id
    ), items as (
      insert into analysis.bulk_items (bulk_id, line, account_id, run_id, owned)
      select p_bulk_id, w.line, p_account_id, w.run_id, true from wanted w join runs r on r.id = w.run_id
      returning run_id
    )
    select coalesce(array_agg(items.run_id), '{}') into made_now from items;
    made := made || made_now;

    select coalesce(array_agg(w.line), '{}') into missing from unnest(p_lines) as w (line)
     where not exists (select from analysis.bulk_items i where i.bulk_id = p_bulk_id and i.line = w.line);
    exit when cardinality(missing) = 0 or cardinality(made) >= p_max_runs;
    -- What was in the way of a name has just ended: look again.
  end loop;

  if cardinality(missing) > 0 then
    update analysis.bulks b set rejected = b.rejected || (
      select jsonb_agg(jsonb_build_object('line', w.line, 'text', w.username, 'problem', 'over_max_credits',
               'detail', 'The credits set aside for this bulk end before this name.') order by w.line)
        from unnest(p_lines, p_usernames) as w (line, username) where w.line = any(missing))
     where b.id = p_bulk_id;
  end if;
  return query select 'accepted', made, linked, missing;
end $$;
grant execute on function analysis.accept_bulk(
  uuid, uuid, uuid, uuid, text, integer, integer, integer, interval, text, integer[], text[], uuid[], jsonb, integer, integer
) to gateway_service;

-- Ends what a bulk still has at work, its own runs only. Lock order: slots (promotion holds them throughout), bulk, scrapes, runs.
-- Nobody who holds a scrape or a run ever waits for a bulk: a run's end looks at its bulks after it has committed.
create function analysis.cancel_bulk(p_bulk_id uuid, p_because text)
returns table (kind text, row_id uuid, state text, attempt integer)
language plpgsql set search_path = '' as $$
declare
  unfinished uuid[];
begin
  perform 1 from analysis.slots s order by s.kind for update;
  update analysis.bulks b
     set stopped_because = coalesce(b.stopped_because, p_because), seq = b.seq + 1,
         cancel_requested_at = coalesce(b.cancel_requested_at, case when p_because = 'cancelled' then now() end)
   where b.id = p_bulk_id and b.state = 'open';
  if not found then
    return;
  end if;
  select coalesce(array_agg(r.id), '{}') into unfinished from analysis.runs r
   where r.bulk_id = p_bulk_id and r.state in ('queued', 'waiting', 'scraping', 'scoring');
  return query select * from analysis.cancel_runs(unfinished);
end $$;

-- Closes a bulk once all it lists has ended. The row is locked first and the count is a later statement: of two runs that end
-- at once, the second to look sees both. outcome: closed, enough (it should stop now), or open.
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
     where i.bulk_id = p_bulk_id and r.state in ('queued', 'waiting', 'scraping', 'scoring')
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

-- What a hold is owed, by its id: a run's or a bulk's. Audit compares it with the ledger.
create view analysis.hold_outcomes with (security_invoker = true) as
select r.id, r.account_id, r.state, r.price_credits as held_credits,
       case when r.state = 'completed' then r.price_credits else 0 end as capture_credits
  from analysis.runs r where r.state <> 'closed' and r.bulk_id is null
union all
select b.id, b.account_id, case b.state when 'ended' then 'completed' else 'scoring' end, b.held_credits,
       (select coalesce(sum(r.price_credits), 0)::integer from analysis.runs r where r.bulk_id = b.id and r.state = 'completed')
  from analysis.bulks b;
grant select on analysis.hold_outcomes to analysis_service;

-- A bulk as users see it; what its runs do is counted when it is read.
create view analysis.bulk_view with (security_invoker = true) as
select b.id as bulk_id, b.account_id, b.business_profile_id, b.type,
       case when b.state = 'open' then 'running' when b.stopped_because = 'cancelled' then 'cancelled' else 'completed' end as status,
       b.stopped_because, b.stop_after_leads, b.stop_score, b.price_credits, b.held_credits, b.charged_credits, b.released_credits,
       b.settled_at, b.rejected, b.seq, b.created_at, b.finished_at, c.*
  from analysis.bulks b
  cross join lateral (
    select count(*)::integer as item_count, (count(*) filter (where not i.owned))::integer as linked_count,
           (count(*) filter (where r.state in ('queued', 'waiting')))::integer as waiting_count,
           (count(*) filter (where r.state in ('scraping', 'scoring')))::integer as running_count,
           (count(*) filter (where r.state = 'completed'))::integer as completed_count,
           (count(*) filter (where r.state = 'failed'))::integer as failed_count,
           (count(*) filter (where r.state = 'cancelled'))::integer as cancelled_count,
           coalesce(avg(case when r.finished_at is not null then 100 else r.progress end), 100)::integer as progress,
           coalesce(sum(r.seq), 0)::bigint + b.seq as version,
           coalesce(sum(r.price_credits) filter (where i.owned and r.state = 'completed'), 0)::integer as captured_credits
      from analysis.bulk_items i join analysis.runs r on r.id = i.run_id
     where i.bulk_id = b.id
  ) c;
create view analysis.bulk_item_view with (security_invoker = true) as
select i.bulk_id, i.account_id, i.line, i.owned, r.id as run_id, r.username, r.state as status, r.progress, r.current_step,
       r.error_code, r.error_detail, r.lead_id, r.seq, a.score, r.finished_at
  from analysis.bulk_items i join analysis.runs r on r.id = i.run_id left join analysis.analyses a on a.run_id = r.id;
grant select on analysis.bulk_view, analysis.bulk_item_view to authenticated, gateway_service, analysis_service;

-- How long p_new more names of this account would take, from scrapes measured lately, its plan and what waits already.
create function analysis.expected_s(p_account_id uuid, p_plan text, p_new integer) returns integer
language sql stable security definer set search_path = '' as $$
  with pace as (
    select coalesce(extract(epoch from avg(lately.ended_at - lately.started_at)), 9) as scrape_s
      from (select s.ended_at, s.started_at from analysis.scrapes s
             where s.state = 'ended' and s.started_at is not null and s.ended_at > now() - interval '1 hour'
             order by s.ended_at desc limit 50) lately
  ), lanes as (
    select greatest(1, least(s.cap, p.max_running)) as width
      from analysis.slots s join analysis.plans p on p.plan = coalesce(p_plan, 'free')
     where s.kind = 'scrape'
  ), ahead as (
    select count(*) as waiting from analysis.runs r where r.account_id = p_account_id and r.state = 'waiting'
  )
  select case when p_new = 0 then 0
    else ceil(ceil((p_new + ahead.waiting)::numeric / lanes.width) * pace.scrape_s + 3)::integer end
    from pace, lanes, ahead
$$;
grant execute on function analysis.expected_s(uuid, text, integer) to gateway_service;
grant execute on function analysis.cancel_bulk(uuid, text), analysis.close_bulk(uuid) to analysis_service;

reset role;

-- migrate:down
