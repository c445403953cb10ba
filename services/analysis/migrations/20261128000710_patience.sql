-- migrate:up
set local role analysis_owner;

-- As before, but patience counts only while a run waits for its supplier. One that was put off for a minute and then stands in a long
-- queue waits for other runs, and the supplier is well: it is not failed for that.
create or replace function analysis.runs_out_of_patience(p_single_s double precision, p_bulk_s double precision, p_limit integer)
returns setof uuid language sql stable set search_path = '' as $$
  with patience as (
    select is_bulk, now() - make_interval(secs => case when is_bulk then p_bulk_s else p_single_s end) as from_at
      from unnest(array[false, true]) as is_bulk
  ), down as (
    select 'scrape' as waits_for, o.since from analysis.outages o where o.supplier = 'apify' and o.down_until > now()
    union all
    select 'score', max(o.since) from analysis.outages o
     where o.supplier in ('openai', 'anthropic') and o.down_until > now() having count(*) = 2
  ), found as (
    (select r.id from patience p
       join analysis.runs r on r.state = 'waiting' and r.snoozed_since < p.from_at and (r.bulk_id is not null) = p.is_bulk
        and r.waits_for in ('scrape_retry', 'score_retry')
      order by r.snoozed_since limit p_limit)
    union
    (select r.id from patience p join down d on d.since < p.from_at
       join analysis.runs r on r.state = 'waiting' and r.waits_for = d.waits_for and r.progressed_at < p.from_at
        and (r.bulk_id is not null) = p.is_bulk
      limit p_limit)
  )
  select id from found
$$;

reset role;

-- migrate:down
