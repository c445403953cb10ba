-- migrate:up
set local role analysis_owner;

-- What the daily clean-up looks for: scrapes that have ended and still have their profile's name.
create index scrapes_named on analysis.scrapes (ended_at) where ended_at is not null and username <> '-';

-- As before, by the time at which the scraper looked.
create or replace function analysis.find_unchanged(
  p_account_id uuid, p_business_profile_id uuid, p_username text, p_type text, p_fetched_since timestamptz
) returns table (run_id uuid, business_version integer)
language sql stable security definer set search_path = '' as $$
  with newest as (
    select s.id, s.ended_at, coalesce(s.scraped_at, s.ended_at) as fetched_at from analysis.scrapes s
     where s.username = p_username and s.depth = 'profile' and s.outcome = 'fetched'
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

reset role;

-- migrate:down
