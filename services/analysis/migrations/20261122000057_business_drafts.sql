-- migrate:up
set local role analysis_owner;

-- A run may also draft a business profile: it has no profile to look at, and no business yet. The rule on the columns is as
-- before for every other type.
alter table analysis.runs drop constraint runs_type_check, drop constraint runs_check;
alter table analysis.runs
  add constraint runs_type_check check (type in ('light', 'deep', 'xray', 'business_profile')),
  add constraint runs_check check (state = 'closed' or (account_id is not null and type is not null and price_credits is not null
    and max_age_s is not null
    and (type = 'business_profile' or (business_profile_id is not null and username is not null))));
alter table analysis.type_costs drop constraint type_costs_type_check;
alter table analysis.type_costs
  add constraint type_costs_type_check check (type in ('light', 'deep', 'xray', 'business_profile'));
-- The worst case of its one call; the service seeds the figure from its price table.
insert into analysis.type_costs (type, worst_nano_usd) values ('business_profile', 250000000);

-- What a draft is made of, and what came of it. Both go after 30 days; members read the draft, never the answers again.
create table analysis.drafts (
  run_id uuid primary key references analysis.runs (id) on delete cascade,
  account_id uuid not null,
  answers jsonb not null check (jsonb_typeof(answers) = 'object' and length(answers::text) <= 32768),
  draft jsonb,
  prompt_version text,
  created_at timestamptz not null default now()
);
create index drafts_of_account on analysis.drafts (account_id);
create index drafts_created on analysis.drafts (created_at);
alter table analysis.drafts enable row level security;
alter table analysis.drafts force row level security;
create policy owner_all on analysis.drafts to analysis_owner using (true) with check (true);
create policy service_all on analysis.drafts to analysis_service using (true) with check (true);
create policy gateway_read on analysis.drafts for select to gateway_service using (true);
create policy members_read on analysis.drafts for select to authenticated
  using (account_id in (select public.user_account_ids()));
grant select, insert, update, delete on analysis.drafts to analysis_service;
grant select (run_id, account_id, draft, prompt_version, created_at) on analysis.drafts to authenticated, gateway_service;

-- accept_run for a draft. No other run is ever the same: two who ask at once wrote their own answers.
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
grant execute on function analysis.accept_draft(uuid, uuid, uuid, jsonb, integer, text) to gateway_service, analysis_service;

-- As before, and the draft is the result of its run.
create or replace view analysis.run_view with (security_invoker = true) as
select r.id as run_id, r.account_id, r.business_profile_id, r.type, r.username, r.state as status, r.progress, r.current_step,
       r.cancel_requested_at is not null as should_cancel, r.waits_for, r.is_from_cache, r.lead_id,
       coalesce(a.result, d.draft) as result, r.error_code, r.error_detail, r.price_credits, r.charged_credits, r.released_credits,
       r.seq, r.created_at, r.finished_at, r.settled_at
  from analysis.runs r
  left join analysis.analyses a on a.run_id = r.id
  left join analysis.drafts d on d.run_id = r.id
 where r.state <> 'closed' and r.forgotten_at is null;

reset role;

-- migrate:down
