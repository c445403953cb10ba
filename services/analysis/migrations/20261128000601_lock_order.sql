-- migrate:up
set local role analysis_owner;

-- Everybody who locks rows of several kinds takes them in this order: slots, bulks, scrapes, leads, analyses, runs, daily costs; several
-- of a kind by their key. (A run's end takes its lead after its run: nobody who waits for a run that has not ended holds a lead.)

-- As before, by the one function that locks slots.
create or replace function analysis.cancel_bulk(p_bulk_id uuid, p_because text)
returns table (kind text, row_id uuid, state text, attempt integer)
language plpgsql set search_path = '' as $$
declare
  unfinished uuid[];
begin
  perform analysis.lock_slots();
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

-- As before. Booking on a run that has ended changes its account's day, and the runs that end with the scrape change theirs in a later
-- statement of the same transaction: all these days are locked here, in their order, or two scrapes that end at once would wait
-- for each other.
create or replace function analysis.book_scrape() returns trigger language plpgsql set search_path = '' as $$
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

-- As before, with the scrapes locked before the runs.
create or replace function analysis.forget_runs(p_limit integer) returns integer
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
       where r.forget_at <= now() and r.forgotten_at is null and r.finished_at < now() - interval '10 seconds'
         and not exists (select from analysis.scrapes s
                          where s.id = r.scrape_id and (s.ended_at is null or s.ended_at > now() - interval '3 minutes'))
       order by r.forget_at limit p_limit
    ) due;
  perform 1 from analysis.scrapes s where s.id = any(v_scrapes) order by s.id for update;
  -- As they are under their locks: another replica may have forgotten some of them, or is at it.
  select coalesce(array_agg(locked.id), '{}') into v_runs from (
    select r.id from analysis.runs r where r.id = any(v_due) and r.forgotten_at is null order by r.id for update skip locked) locked;
  delete from analysis.analyses a where a.run_id = any(v_runs);
  delete from analysis.call_answers c where c.run_id = any(v_runs);
  update analysis.ai_usage_logs u set error = null where u.run_id = any(v_runs) and u.error is not null;
  update analysis.runs r
     set username = '-', user_id = null, request_id = null, error_detail = null, scrape_id = null, forgotten_at = now()
   where r.id = any(v_runs);
  -- A scrape holds the name too. One that somebody's analysis shares stays with that.
  delete from analysis.scrapes s
   where s.id = any(v_scrapes) and s.state = 'ended' and not exists (select from analysis.runs r where r.scrape_id = s.id);
  return cardinality(v_runs);
end $$;

-- As before, in the one order.
create or replace function analysis.erase_profile(p_username text, p_visitors_hmac text)
returns table (removed jsonb, is_finished boolean)
language plpgsql set search_path = '' as $$
declare
  -- As a word of its own in what somebody pasted. A dot is the only sign in a name that a pattern takes for something else.
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
     and (r.username = p_username or (p_visitors_hmac is not null and r.username_hmac = p_visitors_hmac));

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

reset role;

-- migrate:down
