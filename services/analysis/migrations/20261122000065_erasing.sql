-- migrate:up
set local role analysis_owner;

-- A profile that was erased stays away, whoever writes: a request that was accepted while the erasure began, a replay, a scrape or a
-- model call under way. The row simply isn't made; the erasure ends the run that wanted it. A request for it alone is told: OS410.
create function analysis.keep_suppressed_out() returns trigger language plpgsql set search_path = '' as $$
begin
  return case when identity.is_suppressed(new.username) then null else new end;
end $$;
create function analysis.refuse_suppressed() returns trigger language plpgsql set search_path = '' as $$
begin
  if not identity.is_suppressed(new.username) then
    return new;
  elsif new.bulk_id is not null then
    return null;
  end if;
  raise exception 'profile_suppressed' using errcode = 'OS410';
end $$;
create trigger refuse_suppressed before insert on analysis.runs
  for each row when (new.username is not null and new.username <> '-') execute function analysis.refuse_suppressed();
create trigger keep_suppressed_out before insert on analysis.scrapes
  for each row execute function analysis.keep_suppressed_out();
create trigger keep_suppressed_out before insert on analysis.leads
  for each row execute function analysis.keep_suppressed_out();
create trigger keep_suppressed_out before insert on analysis.avatars
  for each row execute function analysis.keep_suppressed_out();
-- The intent comes just before the actor is started: no intent, no start.
create trigger keep_suppressed_unstarted before update of intent_at on analysis.scrapes
  for each row when (new.intent_at is distinct from old.intent_at) execute function analysis.keep_suppressed_out();

-- Erases what has ended of a profile, for all accounts. Runs keep their row without the name, since the ledger's entries name its id.
-- `is_finished`: nothing of it is left, and nothing of it is at work any more.
create function analysis.erase_profile(p_username text, p_visitors_hmac text)
returns table (removed jsonb, is_finished boolean)
language plpgsql set search_path = '' as $$
declare
  -- As a word of its own in what somebody pasted. A dot is the only sign in a name that a pattern takes for something else.
  v_word constant text := '(^|[^a-z0-9._-])' || replace(p_username, '.', '\.') || '([^a-z0-9._-]|$)';
  v_runs uuid[];
  v_leads uuid[];
  v_scrapes uuid[];
  v_analyses bigint;
  v_answers bigint;
  v_calls bigint;
  v_bulks bigint;
  v_avatars bigint;
begin
  select coalesce(array_agg(r.id order by r.id), '{}') into v_runs from analysis.runs r
   where r.state in ('completed', 'failed', 'cancelled')
     and (r.username = p_username or (p_visitors_hmac is not null and r.username_hmac = p_visitors_hmac));
  select coalesce(array_agg(l.id), '{}') into v_leads from analysis.leads l where l.username = p_username;
  select coalesce(array_agg(s.id order by s.id), '{}') into v_scrapes from (
    select c.id from analysis.scrapes c where c.username = p_username and c.state = 'ended' order by c.id for update) s;

  delete from analysis.analyses a where a.run_id = any(v_runs) or a.lead_id = any(v_leads);
  get diagnostics v_analyses = row_count;
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
   where b.rejected <> '[]' and lower(b.rejected::text) ~ v_word;
  get diagnostics v_bulks = row_count;

  delete from analysis.avatars a where a.username = p_username;
  get diagnostics v_avatars = row_count;

  removed := jsonb_build_object(
    'runs', cardinality(v_runs), 'leads', cardinality(v_leads), 'analyses', v_analyses, 'scrapes', cardinality(v_scrapes),
    'call_answers', v_answers, 'call_errors', v_calls, 'bulk_lists', v_bulks, 'avatars', v_avatars);
  is_finished := not exists (select from analysis.runs r where r.username = p_username)
             and not exists (select from analysis.scrapes s where s.username = p_username);
  return next;
end $$;
grant execute on function analysis.erase_profile(text, text) to analysis_service;

reset role;

-- migrate:down
