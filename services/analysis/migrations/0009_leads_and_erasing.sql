-- migrate:up
-- Deleting and restoring leads, redacting anonymous runs, erasing profiles.
set local role analysis_owner;

-- Soft-deletes a lead; false when the account has no such lead. It can be restored for 30 days.
create function analysis.delete_lead(p_lead_id uuid, p_account_id uuid) returns boolean
language plpgsql security definer set search_path = '' as $$
begin
  update analysis.leads l set deleted_at = now(), updated_at = now()
   where l.id = p_lead_id and l.account_id = p_account_id and l.deleted_at is null;
  return found;
end $$;
grant execute on function analysis.delete_lead to gateway_service;

-- Restores a lead: restored (also one that was not deleted), not_found, or replaced by a lead that was made since.
create function analysis.restore_lead(p_lead_id uuid, p_account_id uuid) returns table (outcome text, lead_id uuid)
language plpgsql security definer set search_path = '' as $$
begin
  update analysis.leads l
     set deleted_at = null, updated_at = case when l.deleted_at is null then l.updated_at else now() end
   where l.id = p_lead_id and l.account_id = p_account_id
     and (l.deleted_at is null or l.deleted_at > now() - interval '30 days');
  return query select case when found then 'restored' else 'not_found' end, p_lead_id;
exception when unique_violation then
  return query
    select 'replaced', other.id
      from analysis.leads l
      join analysis.leads other on other.account_id = l.account_id and other.business_profile_id = l.business_profile_id
                               and other.username = l.username and other.deleted_at is null
     where l.id = p_lead_id;
end $$;
grant execute on function analysis.restore_lead to gateway_service;

-- Soft-deletes leads, each as delete_lead() does: `deleted` (now or before), or `not_found`. In the order of the list.
create function analysis.delete_leads(p_lead_ids uuid[], p_account_id uuid) returns table (lead_id uuid, outcome text)
language plpgsql security definer set search_path = '' as $$
begin
  -- In the order in which all functions lock leads.
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
grant execute on function analysis.delete_leads to gateway_service;

-- Restores leads, each as restore_lead() does: `restored`, `not_found`, or `replaced` by another lead.
create function analysis.restore_leads(p_lead_ids uuid[], p_account_id uuid)
returns table (lead_id uuid, outcome text, replaced_by uuid)
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
  v_found record;
begin
  -- In the order in which all functions lock leads.
  for v_id in select distinct wanted.id from unnest(p_lead_ids) as wanted (id) order by wanted.id loop
    select r.outcome, r.lead_id as other into v_found from analysis.restore_lead(v_id, p_account_id) as r;
    lead_id := v_id;
    outcome := coalesce(v_found.outcome, 'not_found');
    replaced_by := case when v_found.outcome = 'replaced' then v_found.other end;
    return next;
  end loop;
end $$;
grant execute on function analysis.restore_leads to gateway_service;

-- Redacts at most p_limit runs that are due, and returns how many. Not before ten seconds after a run's end, so that open streams
-- have sent it, and three minutes after its scrape's end: until then a lost start of the same name is searched among recorded
-- ones. Scrapes are locked before runs.
create function analysis.redact_runs(p_limit integer) returns integer
language plpgsql set search_path = '' as $$
declare
  v_due uuid[];
  v_runs uuid[];
  v_scrapes uuid[];
begin
  select coalesce(array_agg(due.id), '{}'), coalesce(array_agg(due.scrape_id) filter (where due.scrape_id is not null), '{}')
    into v_due, v_scrapes
    from (
      select r.id, r.scrape_id from analysis.runs r
       where r.redact_at <= now() and r.redacted_at is null and r.finished_at < now() - interval '10 seconds'
         and not exists (select from analysis.scrapes s
                          where s.id = r.scrape_id and (s.ended_at is null or s.ended_at > now() - interval '3 minutes'))
       order by r.redact_at limit p_limit
    ) due;
  perform 1 from analysis.scrapes s where s.id = any(v_scrapes) order by s.id for update;
  -- Read again under the locks: another replica may have redacted some of them, or is doing so.
  select coalesce(array_agg(locked.id), '{}') into v_runs from (
    select r.id from analysis.runs r where r.id = any(v_due) and r.redacted_at is null order by r.id for update skip locked) locked;
  delete from analysis.analyses a where a.run_id = any(v_runs);
  delete from analysis.call_answers c where c.run_id = any(v_runs);
  update analysis.ai_usage_logs u set error = null where u.run_id = any(v_runs) and u.error is not null;
  update analysis.runs r
     set username = '-', user_id = null, request_id = null, error_detail = null, scrape_id = null, redacted_at = now()
   where r.id = any(v_runs);
  -- A scrape has the name too. One that another analysis shares is kept.
  delete from analysis.scrapes s
   where s.id = any(v_scrapes) and s.state = 'ended' and not exists (select from analysis.runs r where r.scrape_id = s.id);
  return cardinality(v_runs);
end $$;
grant execute on function analysis.redact_runs to analysis_service;

-- Erases a profile's ended rows, for all accounts. Runs keep their row without the name, since the ledger's entries refer to its
-- id. `is_finished`: no row with the profile's name is left.
-- Lock order of all functions that lock rows of several kinds: slots, bulks, scrapes, leads, analyses, runs, daily costs; several
-- of a kind by their key. (A run's end takes its lead after its run: no transaction that waits for an active run holds a lead.)
create function analysis.erase_profile(p_username text, p_username_hmac text)
returns table (removed jsonb, is_finished boolean)
language plpgsql set search_path = '' as $$
declare
  -- As a separate word of a pasted list. The dot is the only character of a name with a meaning in a pattern.
  v_word constant text := '(^|[^a-z0-9._-])' || replace(p_username, '.', '\.') || '([^a-z0-9._-]|$)';
  v_runs uuid[];
  v_leads uuid[];
  v_scrapes uuid[];
  v_bulk_ids uuid[];
  v_analyses bigint;
  v_answers bigint;
  v_calls bigint;
  v_avatars bigint;
begin
  select coalesce(array_agg(b.id), '{}') into v_bulk_ids from (
    select b.id from analysis.bulks b where b.rejected <> '[]' and lower(b.rejected::text) ~ v_word order by b.id for update) b;
  select coalesce(array_agg(s.id order by s.id), '{}') into v_scrapes from (
    select c.id from analysis.scrapes c where c.username = p_username and c.state = 'ended' order by c.id for update) s;
  select coalesce(array_agg(l.id), '{}') into v_leads from (
    select l.id from analysis.leads l where l.username = p_username order by l.id for update) l;
  select coalesce(array_agg(r.id order by r.id), '{}') into v_runs from analysis.runs r
   where r.state in ('completed', 'failed', 'cancelled')
     and (r.username = p_username or (p_username_hmac is not null and r.username_hmac = p_username_hmac));

  delete from analysis.analyses a where a.run_id = any(v_runs) or a.lead_id = any(v_leads);
  get diagnostics v_analyses = row_count;
  perform 1 from analysis.runs r where r.id = any(v_runs) or r.lead_id = any(v_leads) order by r.id for update;
  delete from analysis.call_answers c where c.run_id = any(v_runs);
  get diagnostics v_answers = row_count;
  update analysis.ai_usage_logs u set error = null where u.run_id = any(v_runs) and u.error is not null;
  get diagnostics v_calls = row_count;
  update analysis.runs r set lead_id = null where r.lead_id = any(v_leads);
  delete from analysis.leads l where l.id = any(v_leads);
  update analysis.runs r
     set username = '-', username_hmac = null, error_detail = null, scrape_id = null, user_id = null, request_id = null
   where r.id = any(v_runs);
  delete from analysis.scrapes s
   where s.id = any(v_scrapes) and not exists (select from analysis.runs r where r.scrape_id = s.id);
  update analysis.bulks b
     set rejected = (select jsonb_agg(case when lower(line ->> 'text') ~ v_word or lower(line ->> 'detail') ~ v_word
                                           then line || '{"text": "", "detail": "This line was removed."}' else line end order by at)
                       from jsonb_array_elements(b.rejected) with ordinality as lines (line, at))
   where b.id = any(v_bulk_ids);

  delete from analysis.avatars a where a.username = p_username;
  get diagnostics v_avatars = row_count;

  removed := jsonb_build_object(
    'runs', cardinality(v_runs), 'leads', cardinality(v_leads), 'analyses', v_analyses, 'scrapes', cardinality(v_scrapes),
    'call_answers', v_answers, 'call_errors', v_calls, 'bulk_lists', cardinality(v_bulk_ids), 'avatars', v_avatars);
  is_finished := not exists (select from analysis.runs r where r.username = p_username)
             and not exists (select from analysis.scrapes s where s.username = p_username);
  return next;
end $$;
grant execute on function analysis.erase_profile to analysis_service;

reset role;

-- migrate:down
