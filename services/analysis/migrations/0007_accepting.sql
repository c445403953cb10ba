-- migrate:up
-- Accepting orders: find the same run, or create a new one.
set local role analysis_owner;
-- Bodies name functions of later files, and billing's view, which is made after this schema.
set local check_function_bodies = off;

-- The same analysis, for the gateway: an active one, else the newest that finished since p_fresh_since. A run whose lead was
-- soft-deleted does not count: a member who orders that profile again wants a lead again.
create function analysis.find_same(
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
grant execute on function analysis.find_same to gateway_service;

-- The completed analysis that a refresh would only repeat: of the profile's newest item, if that was scraped since
-- p_fetched_since. No row: there is none, or its lead was soft-deleted.
create function analysis.find_unchanged(
  p_account_id uuid, p_business_profile_id uuid, p_username text, p_type text, p_fetched_since timestamptz
) returns table (run_id uuid, business_version integer)
language sql stable security definer set search_path = '' as $$
  with newest as (
    select s.id, s.ended_at, coalesce(s.scraped_at, s.ended_at) as fetched_at from analysis.scrapes s
     where s.username = p_username and s.outcome = 'fetched'
       and s.ended_at >= p_fetched_since
     order by s.ended_at desc limit 1
  )
  select r.id, r.business_version
    from newest join analysis.runs r
      on r.account_id = p_account_id and r.business_profile_id = p_business_profile_id and r.username = p_username
     and r.type = p_type and r.state = 'completed'
     -- It waited for that item, or found it in the cache.
     and (r.scrape_id = newest.id or r.created_at >= newest.ended_at)
   where newest.fetched_at >= p_fetched_since
     and not exists (select from analysis.leads l where l.id = r.lead_id and l.deleted_at is not null)
   order by r.finished_at desc limit 1
$$;
grant execute on function analysis.find_unchanged to gateway_service;

-- The run to reuse for a new order: an active one, one that completed since p_fresh_since, or, with p_unchanged_since, the
-- analysis of the profile's newest item, unless the business has a newer version.
create function analysis.find_reusable(
  p_account_id uuid, p_business_profile_id uuid, p_username text, p_type text,
  p_fresh_since timestamptz, p_unchanged_since timestamptz, p_business_version integer
) returns table (run_id uuid, status text)
language sql stable security definer set search_path = '' as $$
  (select same.run_id, same.status
     from analysis.find_same(p_account_id, p_business_profile_id, p_username, p_type, p_fresh_since) as same)
  union all
  (select found.run_id, 'completed'
     from analysis.find_unchanged(p_account_id, p_business_profile_id, p_username, p_type, p_unchanged_since) as found
    where p_unchanged_since is not null and coalesce(found.business_version, p_business_version) = p_business_version)
  limit 1
$$;
grant execute on function analysis.find_reusable to gateway_service;

-- Writes the row that makes a request a run. Idempotent by id; a lost race returns the winner; a closed id is refused. Outcome
-- `cost_limit`: the account's day has no room for the run's worst case. A profile is never requested younger than five minutes.
create function analysis.accept_run(
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
    -- The conflicting run has just ended: try again.
  end loop;
  raise exception 'accept_run: no place for run % after 5 tries', p_run_id using errcode = 'serialization_failure';
end $$;
grant execute on function analysis.accept_run to analysis_service, gateway_service;

-- accept_run for an anonymous run: under the anonymous account only, as light, for the example business; kept for p_life.
create function analysis.accept_anonymous_run(
  p_run_id uuid, p_username text, p_username_hmac text, p_price_credits integer, p_max_age interval, p_life interval,
  p_request_id text
) returns table (outcome text, run_id uuid, status text, attempt integer)
language plpgsql security definer set search_path = '' as $$
begin
  return query
    select * from analysis.accept_run(
      p_run_id, '6f736c69-7261-4000-8000-00000000a000', null, '6f736c69-7261-4000-8000-00000000a001', p_username, 'light',
      p_price_credits, p_max_age, p_request_id);
  update analysis.runs r
     set username_hmac = p_username_hmac, redact_at = least(r.redact_at, r.created_at + p_life)
   where r.id = p_run_id and r.redact_at is not null and r.username_hmac is null;
end $$;
grant execute on function analysis.accept_anonymous_run to gateway_service;

-- accept_run for a draft. No other run is the same: two concurrent requests have their own answers.
create function analysis.accept_draft(
  p_run_id uuid, p_account_id uuid, p_user_id uuid, p_answers jsonb, p_price_credits integer, p_request_id text
) returns table (outcome text, run_id uuid, status text, attempt integer)
language plpgsql security definer set search_path = '' as $$
declare
  found_run record;
begin
  begin
    insert into analysis.runs as r (id, state, account_id, user_id, type, price_credits, max_age_s, request_id, due_at)
    values (p_run_id, 'queued', p_account_id, p_user_id, 'business_profile', p_price_credits, 300, p_request_id,
            -- The gateway publishes the hint right after this; the sweep only steps in if it died between the two.
            pg_catalog.now() + interval '2 seconds')
    on conflict do nothing
    returning r.id, r.state, r.attempt into found_run;
  exception when sqlstate 'OS429' then
    return query select 'cost_limit', p_run_id, 'queued', 0;
    return;
  end;
  if found_run.id is not null then
    insert into analysis.drafts (run_id, account_id, answers) values (p_run_id, p_account_id, p_answers);
    return query select 'accepted', found_run.id, found_run.state, found_run.attempt;
    return;
  end if;
  return query
    select case when r.state = 'closed' or r.account_id <> p_account_id then 'closed' else 'exists' end, r.id, r.state, r.attempt
      from analysis.runs r where r.id = p_run_id;
end $$;
grant execute on function analysis.accept_draft to analysis_service, gateway_service;

-- Creates a bulk from a list of names, in one transaction. Active and fresh runs are linked, the other names become runs, in the
-- order of the list, at most p_max_runs (what the hold pays for). outcome: accepted, exists (a bulk of this account) or closed.
create function analysis.accept_bulk(
  p_bulk_id uuid, p_account_id uuid, p_user_id uuid, p_business_profile_id uuid, p_type text, p_price_credits integer,
  p_held_credits integer, p_max_runs integer, p_max_age interval, p_request_id text,
  p_lines integer[], p_usernames text[], p_run_ids uuid[], p_rejected jsonb, p_stop_after_leads integer, p_stop_score integer,
  p_fresh_since timestamptz, p_unchanged_since timestamptz, p_business_version integer
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
      cross join lateral analysis.find_reusable(
        p_account_id, p_business_profile_id, w.username, p_type, p_fresh_since, p_unchanged_since, p_business_version) as same
     where not exists (select from analysis.bulk_items i where i.bulk_id = p_bulk_id and i.line = w.line);
    get diagnostics linked_now = row_count;
    linked := linked + linked_now;

    -- By name, so that two concurrent bulks of one account lock in the same order.
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
    -- A run that conflicted with a name has just ended: try again.
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
grant execute on function analysis.accept_bulk to gateway_service;

reset role;

-- migrate:down
