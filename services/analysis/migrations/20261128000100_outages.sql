-- migrate:up
set local role analysis_owner;

-- Suppliers that are known to be unavailable, for the whole fleet. A row whose time has passed means nothing: a process that
-- dies leaves no outage behind.
create table analysis.outages (
  supplier text primary key check (supplier in ('apify', 'openai', 'anthropic')),
  down_until timestamptz not null,
  since timestamptz not null default now(),
  reason text not null
);
alter table analysis.outages enable row level security;
alter table analysis.outages force row level security;
create policy owner_all on analysis.outages to analysis_owner using (true) with check (true);
create policy service_all on analysis.outages to analysis_service using (true) with check (true);
-- Users read a waiting run's step as themselves, and that depends on these two columns. The reason is not among them.
create policy users_read on analysis.outages for select to authenticated, gateway_service using (true);
grant select, insert, update, delete on analysis.outages to analysis_service;
grant select (supplier, down_until) on analysis.outages to authenticated, gateway_service;

-- The steps to which nothing is promoted now, and until when: scraping needs Apify, scoring needs one of the two model suppliers.
create view analysis.suspended_steps with (security_invoker = true) as
select 'scrape' as waits_for, o.down_until from analysis.outages o where o.supplier = 'apify' and o.down_until > now()
union all
select 'score', min(o.down_until) from analysis.outages o
 where o.supplier in ('openai', 'anthropic') and o.down_until > now() having count(*) = 2;
grant select on analysis.suspended_steps to authenticated, gateway_service, analysis_service;

-- The only order in which slots are locked. Whoever locks or changes more than one of them calls this first.
create function analysis.lock_slots() returns void language plpgsql set search_path = '' as $$
begin
  perform 1 from analysis.slots s order by s.kind for update;
end $$;
grant execute on function analysis.lock_slots() to analysis_service;

-- As before, without the steps that are suspended.
create or replace function analysis.promote() returns table (kind text, row_id uuid, state text, attempt integer)
language plpgsql set search_path = '' as $$
declare
  free integer;
  next record;
begin
  perform analysis.lock_slots();

  -- Scoring first: it finishes what has been scraped and paid.
  select s.cap - (select count(*) from analysis.runs r where r.state = 'scoring') into free
    from analysis.slots s
   where s.kind = 'score' and not exists (select from analysis.suspended_steps d where d.waits_for = s.kind);
  while free > 0 loop
    select * into next from analysis.next_waiting('score');
    exit when not found;
    return query
      update analysis.runs r
         set state = 'scoring', waits_for = null, current_step = 'scoring', progress = greatest(r.progress, 60), seq = r.seq + 1,
             progressed_at = now(), started_at = coalesce(r.started_at, now()), due_at = now() + interval '5 seconds'
       where r.id = next.run_id and r.state = 'waiting'
      returning 'score', r.id, r.state, r.attempt;
    exit when not found;
    free := free - 1;
  end loop;

  select s.cap - (select count(*) from analysis.scrapes c where c.state in ('starting', 'running', 'aborting')) into free
    from analysis.slots s
   where s.kind = 'scrape' and not exists (select from analysis.suspended_steps d where d.waits_for = s.kind);
  while free > 0 loop
    select * into next from analysis.next_waiting('scrape');
    exit when not found;
    return query
      update analysis.scrapes c
         set state = 'starting', account_id = next.account_id, promoted_for = next.run_id, seq = c.seq + 1,
             progressed_at = now(), due_at = now() + interval '5 seconds'
       where c.id = next.scrape_id and c.state = 'waiting'
      returning 'scrape', c.id, c.state, c.attempt;
    -- Everybody who waits for this scrape is scraping now; joining takes no slot.
    return query
      update analysis.runs r
         set state = 'scraping', waits_for = null, current_step = 'scraping', progress = greatest(r.progress, 20), seq = r.seq + 1,
             progressed_at = now(), started_at = coalesce(r.started_at, now()), due_at = null
       where r.scrape_id = next.scrape_id and r.state = 'waiting' and r.waits_for = 'scrape'
      returning 'run', r.id, r.state, r.attempt;
    exit when not found;
    free := free - 1;
  end loop;
end $$;

-- As before, and not before the step is promoted again.
create or replace function analysis.queue_position(p_run_id uuid) returns table (queue_position integer, eta_s integer)
language sql stable security definer set search_path = '' as $$
  with me as (select * from analysis.runs where id = p_run_id and state = 'waiting'),
  ahead as (
    select count(*)::integer + 1 as place from analysis.runs r, me
     where r.state = 'waiting' and r.waits_for = me.waits_for and r.account_id = me.account_id
       and (r.priority, r.created_at, r.id) < (me.priority, me.created_at, me.id)
  ),
  pace as (
    select coalesce(extract(epoch from avg(lately.ended_at - lately.started_at)), 9) as scrape_s
      from (select s.ended_at, s.started_at from analysis.scrapes s
             where s.state = 'ended' and s.started_at is not null and s.ended_at > now() - interval '1 hour'
             order by s.ended_at desc limit 50) lately
  )
  select ahead.place,
         ceil(ahead.place::numeric / greatest(1, slots.cap) * (case me.waits_for when 'scrape' then pace.scrape_s else 2.5 end)
              + coalesce(extract(epoch from suspended.down_until - now()), 0))::integer
    from me cross join ahead cross join pace
    join analysis.slots on slots.kind = me.waits_for
    left join analysis.suspended_steps suspended on suspended.waits_for = me.waits_for
$$;

-- As before; a run that waits for a suspended step says so.
create or replace view analysis.run_view with (security_invoker = true) as
select r.id as run_id, r.account_id, r.business_profile_id, r.type, r.username, r.state as status, r.progress,
       case when r.waits_for = any (array(select d.waits_for from analysis.suspended_steps d)) then 'supplier_unavailable'
            else r.current_step end as current_step,
       r.cancel_requested_at is not null as should_cancel, r.waits_for, r.is_from_cache, r.lead_id,
       coalesce(a.result, d.draft) as result, r.error_code, r.error_detail, r.price_credits, r.charged_credits, r.released_credits,
       r.seq, r.created_at, r.finished_at, r.settled_at
  from analysis.runs r
  left join analysis.analyses a on a.run_id = r.id
  left join analysis.drafts d on d.run_id = r.id
 where r.state <> 'closed' and r.forgotten_at is null;
create or replace view analysis.bulk_item_view with (security_invoker = true) as
select i.bulk_id, i.account_id, i.line, i.owned, r.id as run_id, r.username, r.state as status, r.progress,
       case when r.waits_for = any (array(select d.waits_for from analysis.suspended_steps d)) then 'supplier_unavailable'
            else r.current_step end as current_step,
       r.error_code, r.error_detail, r.lead_id, r.seq, a.score, r.finished_at
  from analysis.bulk_items i join analysis.runs r on r.id = i.run_id left join analysis.analyses a on a.run_id = r.id;

reset role;

-- migrate:down
