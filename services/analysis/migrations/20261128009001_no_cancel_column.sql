-- migrate:up
set local role analysis_owner;

-- A cancel ends its row and raises the attempt, which stops whoever works on it.
create or replace view analysis.run_view with (security_invoker = true) as
select r.id as run_id, r.account_id, r.business_profile_id, r.type, r.username, r.state as status, r.progress,
       case when split_part(r.waits_for, '_', 1) = any (array(select d.waits_for from analysis.suspended_steps d))
              then 'supplier_unavailable' else r.current_step end as current_step,
       r.state = 'cancelled' as should_cancel, r.waits_for, r.is_from_cache, r.lead_id,
       coalesce(a.result, d.draft) as result, r.error_code, r.error_detail, r.price_credits, r.charged_credits, r.released_credits,
       r.seq, r.created_at, r.finished_at, r.settled_at
  from analysis.runs r
  left join analysis.analyses a on a.run_id = r.id
  left join analysis.drafts d on d.run_id = r.id
 where r.state <> 'closed' and r.forgotten_at is null;

-- All types of analysis want the same scrape of a profile.
create unique index scrapes_shared_by_name on analysis.scrapes (username) where state in ('waiting', 'starting', 'running');
create or replace function analysis.find_unchanged(
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
-- contract: always the same, and nothing reads it since this version
alter table analysis.scrapes drop column depth;

-- contract: never set but where a raised attempt said the same, and nothing reads it since this version
alter table analysis.runs drop column cancel_requested_at;
-- contract: never set but where a raised attempt said the same, and nothing reads it since this version
alter table analysis.scrapes drop column cancel_requested_at;
-- contract: never set but where a raised attempt said the same, and nothing reads it since this version
alter table analysis.bulks drop column cancel_requested_at;
-- contract: never set but where a raised attempt said the same, and nothing reads it since this version
alter table analysis.job_runs drop column cancel_requested_at;

reset role;

-- migrate:down
