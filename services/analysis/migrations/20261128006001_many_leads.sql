-- migrate:up
set local role analysis_owner;

-- Put leads away, each as delete_lead() does: `deleted` (now or before), or `not_found`. In the order of the list.
create function analysis.delete_leads(p_lead_ids uuid[], p_account_id uuid) returns table (lead_id uuid, outcome text)
language plpgsql security definer set search_path = '' as $$
begin
  -- In the order in which everybody locks leads.
  perform 1 from analysis.leads l
    where l.id = any(p_lead_ids) and l.account_id = p_account_id and l.deleted_at is null order by l.id for no key update;
  update analysis.leads l set deleted_at = now(), updated_at = now()
   where l.id = any(p_lead_ids) and l.account_id = p_account_id and l.deleted_at is null;
  return query
    select wanted.id, case when l.id is null then 'not_found' else 'deleted' end
      from unnest(p_lead_ids) with ordinality as wanted (id, place)
      left join analysis.leads l on l.id = wanted.id and l.account_id = p_account_id and l.deleted_at > now() - interval '30 days'
     order by wanted.place;
end $$;

-- Take leads back, each as restore_lead() does: `restored`, `not_found`, or `replaced` by another lead.
create function analysis.restore_leads(p_lead_ids uuid[], p_account_id uuid)
returns table (lead_id uuid, outcome text, replaced_by uuid)
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
  v_found record;
begin
  -- In the order in which everybody locks leads.
  for v_id in select distinct wanted.id from unnest(p_lead_ids) as wanted (id) order by wanted.id loop
    select r.outcome, r.lead_id as other into v_found from analysis.restore_lead(v_id, p_account_id) as r;
    lead_id := v_id;
    outcome := coalesce(v_found.outcome, 'not_found');
    replaced_by := case when v_found.outcome = 'replaced' then v_found.other end;
    return next;
  end loop;
end $$;
grant execute on function analysis.delete_leads(uuid[], uuid), analysis.restore_leads(uuid[], uuid) to gateway_service;

-- The run that stands in for a new order: one at work, one that completed since p_fresh_since, or, with p_unchanged_since, the
-- analysis of the profile's newest item, unless the business has another version since.
create function analysis.find_standing(
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
grant execute on function analysis.find_standing(uuid, uuid, text, text, timestamptz, timestamptz, integer) to gateway_service;

-- As before, and says what stands in for a new run: a refresh takes less for fresh than the profile's age allows.
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
      cross join lateral analysis.find_standing(
        p_account_id, p_business_profile_id, w.username, p_type, p_fresh_since, p_unchanged_since, p_business_version) as same
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
  uuid, uuid, uuid, uuid, text, integer, integer, integer, interval, text, integer[], text[], uuid[], jsonb, integer, integer,
  timestamptz, timestamptz, integer
) to gateway_service;

-- As the release before this one calls it.
create or replace function analysis.accept_bulk(
  p_bulk_id uuid, p_account_id uuid, p_user_id uuid, p_business_profile_id uuid, p_type text, p_price_credits integer,
  p_held_credits integer, p_max_runs integer, p_max_age interval, p_request_id text,
  p_lines integer[], p_usernames text[], p_run_ids uuid[], p_rejected jsonb, p_stop_after_leads integer, p_stop_score integer
) returns table (outcome text, owned_run_ids uuid[], linked_count integer, skipped_lines integer[])
language sql security definer set search_path = '' as $$
  select * from analysis.accept_bulk(
    p_bulk_id, p_account_id, p_user_id, p_business_profile_id, p_type, p_price_credits, p_held_credits, p_max_runs, p_max_age,
    p_request_id, p_lines, p_usernames, p_run_ids, p_rejected, p_stop_after_leads, p_stop_score, now() - p_max_age, null, null)
$$;

reset role;

-- migrate:down
