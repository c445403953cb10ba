-- migrate:up
set local role analysis_owner;

-- Beside what a run of a type may cost at its worst: what one usually costs, by the service's estimate (null until it has started),
-- and by what runs have cost lately (null until there were enough).
alter table analysis.type_costs
  add column usual_nano_usd bigint check (usual_nano_usd >= 0),
  add column learnt_nano_usd bigint check (learnt_nano_usd >= 0);

-- What an accepted run is reserved with. Answers from a cache cost nothing, so what is learnt counts for a quarter of the estimate
-- at least; and no run costs more than its worst case.
create or replace function analysis.price_run() returns trigger language plpgsql set search_path = '' as $$
begin
  new.reserved_nano_usd := (
    select case when c.learnt_nano_usd is not null and c.usual_nano_usd is not null
             then least(c.worst_nano_usd, greatest(c.learnt_nano_usd, c.usual_nano_usd / 4))
             else least(c.worst_nano_usd, c.usual_nano_usd) end
      from analysis.type_costs c where c.type = new.type);
  new.cost_day := (pg_catalog.now() at time zone 'UTC')::date;
  return new;
end $$;

-- Learns what a run of each type costs: 95 of 100 completed runs cost no more. Of the last 5,000 in a week; a type with fewer than 20
-- of them keeps what it has.
create function analysis.learn_costs() returns void language plpgsql set search_path = '' as $$
begin
  -- In one order, as everybody who changes several of them.
  perform 1 from analysis.type_costs c order by c.type for update;
  update analysis.type_costs c set learnt_nano_usd = lately.p95
    from (
      select ended.type, percentile_disc(0.95) within group (order by ended.nano_usd) as p95
        from (select r.type, r.ai_cost_nano_usd + r.scrape_cost_nano_usd as nano_usd from analysis.runs r
               where r.finished_at > now() - interval '7 days' and r.state = 'completed'
               order by r.finished_at desc limit 5000) ended
       group by ended.type having count(*) >= 20
    ) lately
   where c.type = lately.type and c.learnt_nano_usd is distinct from lately.p95;
end $$;
grant execute on function analysis.learn_costs() to analysis_service;

reset role;

-- migrate:down
