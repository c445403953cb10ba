-- migrate:up
set local role analysis_owner;

-- Runs of visitors without an account: they make no lead, and are forgotten at forget_at. What stays of one is a row without the
-- name, the result or any text, because the ledger's entries name its id and the audit compares.
alter table analysis.runs
  add column forget_at timestamptz,
  add column forgotten_at timestamptz,
  add column username_hmac text,
  add constraint runs_forgotten check (forgotten_at is null or (username = '-' and finished_at is not null));
create index runs_forget on analysis.runs (forget_at) where forget_at is not null and forgotten_at is null;
grant select (forgotten_at) on analysis.runs to authenticated, gateway_service;

-- However a run of theirs is made, it has its time; the id is the system account's (oslira_shared/anonymous.py).
create function analysis.mark_anonymous() returns trigger language plpgsql set search_path = '' as $$
begin
  new.forget_at := coalesce(new.forget_at, pg_catalog.now() + interval '1 hour');
  return new;
end $$;
create trigger mark_anonymous before insert on analysis.runs
  for each row when (new.account_id = '6f736c69-7261-4000-8000-00000000a000') execute function analysis.mark_anonymous();

-- No lead: the result alone.
alter table analysis.analyses alter column lead_id drop not null;

-- What runs at once of theirs, whatever the slots would allow.
insert into analysis.plans (plan, max_running, weight) values ('anonymous', 3, 1);

-- As before, without what is forgotten.
create or replace view analysis.run_view with (security_invoker = true) as
select r.id as run_id, r.account_id, r.business_profile_id, r.type, r.username, r.state as status, r.progress, r.current_step,
       r.cancel_requested_at is not null as should_cancel, r.waits_for, r.is_from_cache, r.lead_id,
       a.result, r.error_code, r.error_detail, r.price_credits, r.charged_credits, r.released_credits,
       r.seq, r.created_at, r.finished_at, r.settled_at
  from analysis.runs r left join analysis.analyses a on a.run_id = r.id
 where r.state <> 'closed' and r.forgotten_at is null;

-- accept_run for a visitor: it runs under the system account alone, as light, for the example business, and lives p_life.
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
     set username_hmac = p_username_hmac, forget_at = least(r.forget_at, r.created_at + p_life)
   where r.id = p_run_id and r.forget_at is not null and r.username_hmac is null;
end $$;
grant execute on function analysis.accept_anonymous_run(uuid, text, text, integer, interval, interval, text)
  to gateway_service;

-- Forgets at most p_limit runs whose time has come; says how many. Ten seconds after its end, so that open streams have told it;
-- three minutes after its scrape's, since a lost start of the same name is looked for among recorded ones until then.
create function analysis.forget_runs(p_limit integer) returns integer
language plpgsql set search_path = '' as $$
declare
  v_runs uuid[];
  v_scrapes uuid[];
begin
  select coalesce(array_agg(due.id), '{}'), coalesce(array_agg(due.scrape_id) filter (where due.scrape_id is not null), '{}')
    into v_runs, v_scrapes
    from (
      select r.id, r.scrape_id from analysis.runs r
       where r.forget_at <= now() and r.forgotten_at is null and r.finished_at < now() - interval '10 seconds'
         and not exists (select from analysis.scrapes s
                          where s.id = r.scrape_id and (s.ended_at is null or s.ended_at > now() - interval '3 minutes'))
       order by r.forget_at limit p_limit for update skip locked
    ) due;
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
grant execute on function analysis.forget_runs(integer) to analysis_service;

reset role;

-- migrate:down
