-- migrate:up
set local role analysis_owner;
-- Bodies name billing's view, which is made later in the order.
set local check_function_bodies = off;

-- As before, but an aged task of an account that has something at work only counts like a single run: its account's fair share decides.
-- Before everybody else's come the aged tasks of accounts with nothing at work, oldest first. So no account waits for good, and one
-- with a large bulk does not go before another's single run because the bulk is old.
create or replace function analysis.next_waiting(p_kind text, p_aged_before timestamptz)
returns table (run_id uuid, account_id uuid, scrape_id uuid)
-- One plan for all calls: planning again for each costs more than the query itself.
language sql stable set search_path = '' set plan_cache_mode = 'force_generic_plan' as $$
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
      select oldest.id, oldest.created_at, oldest.scrape_id, oldest.priority, coalesce(oldest.created_at < p_aged_before, false) as is_aged
        from (
          (select r.id, r.priority, r.created_at, r.scrape_id from analysis.runs r
            where r.state = 'waiting' and r.waits_for = p_kind and r.account_id = a.account_id
            order by r.priority, r.created_at, r.id limit 1)
          union all
          (select r.id, r.priority, r.created_at, r.scrape_id from analysis.runs r
            where p_aged_before is not null
              and r.state = 'waiting' and r.waits_for = p_kind and r.account_id = a.account_id and r.priority = 1
            order by r.created_at, r.id limit 1)
        ) oldest
       order by is_aged desc, case when oldest.created_at < p_aged_before then 0 else oldest.priority end, oldest.created_at, oldest.id
       limit 1
    ) head
    left join lateral (select p.plan from billing.account_plans p where p.account_id = a.account_id) ap on true
    cross join lateral analysis.rules_of_plan(ap.plan) rules
    cross join lateral analysis.load_of(a.account_id) l
   where a.account_id is not null and not rules.is_paused and l.load < rules.max_running
   order by case when not head.is_aged then head.priority when l.load = 0 then -1 else 0 end,
            case when head.is_aged and l.load = 0 then 0 else (l.load + 1)::numeric / rules.weight end,
            head.created_at, head.id
   limit 1
$$;

reset role;

-- migrate:down
