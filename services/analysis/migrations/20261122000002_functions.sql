-- migrate:up
set local role analysis_owner;
-- Bodies name billing's view, which is made later in the order.
set local check_function_bodies = off;

-- The same analysis, for the gateway: one at work, else the newest that finished since p_fresh_since.
create function analysis.find_same(
  p_account_id uuid, p_business_profile_id uuid, p_username text, p_type text, p_fresh_since timestamptz
) returns table (run_id uuid, status text)
language sql stable security definer set search_path = '' as $$
  (select r.id, r.state from analysis.runs r
    where r.account_id = p_account_id and r.business_profile_id = p_business_profile_id
      and r.username = p_username and r.type = p_type and r.state in ('queued', 'waiting', 'scraping', 'scoring'))
  union all
  (select r.id, r.state from analysis.runs r
    where r.account_id = p_account_id and r.business_profile_id = p_business_profile_id
      and r.username = p_username and r.type = p_type and r.state = 'completed' and r.finished_at >= p_fresh_since
    order by r.finished_at desc limit 1)
  limit 1
$$;

-- The row that makes a request a run. Idempotent by id; a lost race answers with the winner; a closed id is refused.
create function analysis.accept_run(
  p_run_id uuid, p_account_id uuid, p_user_id uuid, p_business_profile_id uuid, p_username text, p_type text,
  p_price_credits integer, p_max_age interval, p_request_id text
) returns table (outcome text, run_id uuid, status text, attempt integer)
language plpgsql security definer set search_path = '' as $$
declare
  found_run record;
begin
  for tries in 1..5 loop
    insert into analysis.runs as r (id, state, account_id, user_id, business_profile_id, username, type, price_credits,
                                    max_age_s, request_id, due_at)
    values (p_run_id, 'queued', p_account_id, p_user_id, p_business_profile_id, p_username, p_type, p_price_credits,
            extract(epoch from p_max_age)::integer, p_request_id,
            -- The gateway publishes the hint right after this; the sweep only steps in if it died between the two.
            pg_catalog.now() + interval '2 seconds')
    on conflict do nothing
    returning r.id, r.state, r.attempt into found_run;
    if found then
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
       and r.type = p_type and r.state in ('queued', 'waiting', 'scraping', 'scoring');
    if found then
      return query select 'same', found_run.id, found_run.state, found_run.attempt;
      return;
    end if;
    -- The one that was in the way has just ended: try again.
  end loop;
  raise exception 'accept_run: no place for run % after 5 tries', p_run_id using errcode = 'serialization_failure';
end $$;

-- Where a waiting run stands in its account's queue, and when it might start, from durations measured lately.
create function analysis.queue_position(p_run_id uuid) returns table (queue_position integer, eta_s integer)
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
         ceil(ahead.place::numeric / greatest(1, slots.cap) * (case me.waits_for when 'scrape' then pace.scrape_s else 2.5 end))::integer
    from me, ahead, pace, analysis.slots where slots.kind = me.waits_for
$$;
create index scrapes_lately on analysis.scrapes (ended_at desc) where state = 'ended';

-- The next task of a kind: (priority, least-served account by its plan's weight, age), within the account's own limit.
-- Skips from account to account on the index, since the slot lock is held throughout.
create function analysis.next_waiting(p_kind text) returns table (run_id uuid, account_id uuid, scrape_id uuid)
language sql stable set search_path = '' as $$
  with recursive accounts as (
    (select r.account_id from analysis.runs r where r.state = 'waiting' and r.waits_for = p_kind order by r.account_id limit 1)
    union all
    select (select r.account_id from analysis.runs r
             where r.state = 'waiting' and r.waits_for = p_kind and r.account_id > a.account_id order by r.account_id limit 1)
      from accounts a where a.account_id is not null
  )
  select head.id, a.account_id, head.scrape_id
    from accounts a
    cross join lateral (
      select r.id, r.priority, r.created_at, r.scrape_id from analysis.runs r
       where r.state = 'waiting' and r.waits_for = p_kind and r.account_id = a.account_id
       order by r.priority, r.created_at, r.id limit 1
    ) head
    left join billing.account_plans ap on ap.account_id = a.account_id
    join analysis.plans p on p.plan = coalesce(ap.plan, 'free')
    cross join lateral (
      select (select count(*) from analysis.scrapes s
               where s.account_id = a.account_id and s.state in ('starting', 'running', 'aborting'))
           + (select count(*) from analysis.runs r where r.account_id = a.account_id and r.state = 'scoring') as load
    ) l
   where a.account_id is not null and not p.is_paused and l.load < p.max_running
   order by head.priority, (l.load + 1)::numeric / p.weight, head.created_at, head.id
   limit 1
$$;

-- Gives free slots to waiting tasks. Returns what to announce: scrapes and scoring runs by hint, every changed run by progress.
-- Lock order: slot, scrape, run. The count is a second statement, after the lock: in one statement it would be a stale snapshot.
create function analysis.promote() returns table (kind text, row_id uuid, state text, attempt integer)
language plpgsql set search_path = '' as $$
declare
  free integer;
  next record;
begin
  perform 1 from analysis.slots s order by s.kind for update;

  -- Scoring first: it finishes what has been scraped and paid.
  select s.cap - (select count(*) from analysis.runs r where r.state = 'scoring') into free
    from analysis.slots s where s.kind = 'score';
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
    from analysis.slots s where s.kind = 'scrape';
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

grant execute on function analysis.find_same(uuid, uuid, text, text, timestamptz) to gateway_service;
grant execute on function
  analysis.accept_run(uuid, uuid, uuid, uuid, text, text, integer, interval, text) to gateway_service;
grant execute on function analysis.queue_position(uuid) to gateway_service;
grant execute on function analysis.next_waiting(text), analysis.promote() to analysis_service;

reset role;

-- migrate:down
