-- migrate:up
set local role analysis_owner;

-- As before, and what a run stood in the queue is no time that its supplier kept it waiting: `not_before` says since when it has stood
-- there, and `snoozed_since` moves on by as much. A run that was put off for a minute, twice, with a long queue between, has used up
-- two minutes of its patience.
create or replace function analysis.promote() returns table (kind text, row_id uuid, state text, attempt integer)
language plpgsql set search_path = '' as $$
declare
  slot record;
  next record;
begin
  perform analysis.lock_slots();

  -- Scoring first: it finishes what has been scraped and paid.
  select s.cap - (select count(*) from analysis.runs r where r.state = 'scoring') as free,
         s.aged_share, now() - make_interval(secs => s.ageing_s) as aged_before into slot
    from analysis.slots s
   where s.kind = 'score' and not exists (select from analysis.suspended_steps d where d.waits_for = s.kind);
  while slot.free > 0 loop
    select * into next
      from analysis.next_waiting('score', case when random() < slot.aged_share then slot.aged_before end);
    exit when not found;
    return query
      update analysis.runs r
         set state = 'scoring', waits_for = null, current_step = 'scoring', progress = greatest(r.progress, 60), seq = r.seq + 1,
             progressed_at = now(), started_at = coalesce(r.started_at, now()), due_at = now() + interval '5 seconds',
             snoozed_since = r.snoozed_since + greatest(now() - r.not_before, '0'), not_before = null
       where r.id = next.run_id and r.state = 'waiting'
      returning 'score', r.id, r.state, r.attempt;
    exit when not found;
    slot.free := slot.free - 1;
  end loop;

  select s.cap - (select count(*) from analysis.scrapes c where c.state in ('starting', 'running', 'aborting')) as free,
         s.aged_share, now() - make_interval(secs => s.ageing_s) as aged_before into slot
    from analysis.slots s
   where s.kind = 'scrape' and not exists (select from analysis.suspended_steps d where d.waits_for = s.kind);
  while slot.free > 0 loop
    select * into next
      from analysis.next_waiting('scrape', case when random() < slot.aged_share then slot.aged_before end);
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
             progressed_at = now(), started_at = coalesce(r.started_at, now()), due_at = null,
             snoozed_since = r.snoozed_since + greatest(now() - r.not_before, '0'), not_before = null
       where r.scrape_id = next.scrape_id and r.state = 'waiting' and r.waits_for = 'scrape'
      returning 'run', r.id, r.state, r.attempt;
    exit when not found;
    slot.free := slot.free - 1;
  end loop;
end $$;

-- Brings forward what a supplier has put off, for it works again: at most p_most tasks within p_within_s. Those that hold a slot come
-- first, then the oldest (ids begin with their time). What is put off for longer than the longest snooze was asked to wait by the
-- supplier, and waits. Lock order: scrapes by id, then runs by id.
create function analysis.bring_forward(p_supplier text, p_most integer, p_within_s double precision) returns void
language plpgsql set search_path = '' as $$
declare
  v_latest constant timestamptz := now() + interval '75 seconds';
  v_scrapes uuid[];
begin
  if p_supplier = 'apify' then
    select coalesce(array_agg(s.id), '{}') into v_scrapes from (
      select c.id from analysis.scrapes c
       where c.id in (
         select o.id from analysis.scrapes o
          where o.state <> 'ended' and o.snoozed_since is not null and o.lease_until is null and o.not_before between now() and v_latest
          order by o.state = 'waiting', o.id limit p_most)
         and c.state <> 'ended' and c.lease_until is null
       order by c.id for update skip locked) s;
    update analysis.scrapes c
       set not_before = soon.at, due_at = case when c.due_at is null then null else soon.at end
      from (select id, now() + random() * make_interval(secs => p_within_s) as at from unnest(v_scrapes) as id) soon
     where c.id = soon.id and c.not_before > soon.at;
    update analysis.runs r set not_before = c.not_before
      from analysis.scrapes c
     where c.id = r.scrape_id and r.id in (
       select w.id from analysis.runs w
        where w.scrape_id = any(v_scrapes) and w.state = 'waiting' and w.waits_for = 'scrape_retry'
        order by w.id for update skip locked);
  else
    update analysis.runs r
       set not_before = least(r.not_before, now() + random() * make_interval(secs => p_within_s))
     where r.id in (
       select w.id from analysis.runs w
        where w.id in (
          select o.id from analysis.runs o
           where o.state = 'waiting' and o.waits_for = 'score_retry' and o.not_before between now() and v_latest
           order by o.id limit p_most)
          and w.state = 'waiting' and w.waits_for = 'score_retry'
        order by w.id for update skip locked);
  end if;
end $$;
grant execute on function analysis.bring_forward(text, integer, double precision) to analysis_service;

reset role;

-- migrate:down
