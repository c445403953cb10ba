-- migrate:up
set local role analysis_owner;

-- What the ledger's audit compares with holds, of all accounts: a run or bulk that pays by itself. The views run as their owner.
create view analysis.audited_holds as
select r.id, r.account_id, r.state in ('completed', 'failed', 'cancelled') as is_ended, r.finished_at as ended_at,
       r.price_credits as held_credits, case when r.state = 'completed' then r.price_credits else 0 end as owed_credits,
       r.charged_credits
  from analysis.runs r where r.state <> 'closed' and r.bulk_id is null
union all
select b.id, b.account_id, b.state = 'ended', b.finished_at, b.held_credits,
       (select coalesce(sum(r.price_credits), 0)::integer from analysis.runs r where r.bulk_id = b.id and r.state = 'completed'),
       b.charged_credits
  from analysis.bulks b;

-- What doesn't add up within this schema.
create view analysis.audit_findings as
select 'run_without_price' as what, r.id::text as id, format('a %s run of account %s at 0 credits', r.type, r.account_id) as detail
  from analysis.runs r where r.price_credits = 0 and r.state <> 'closed'
union all
select 'bulk_without_price', b.id::text, format('of account %s at 0 credits', b.account_id)
  from analysis.bulks b where b.price_credits = 0
union all
select 'run_is_not_its_bulks_price', r.id::text, format('%s credits, its bulk %s says %s', r.price_credits, b.id, b.price_credits)
  from analysis.bulks b join analysis.runs r on r.bulk_id = b.id
 where r.price_credits <> b.price_credits
union all
select 'charged_is_not_the_price', r.id::text, format('charged %s of a bulk, the price is %s', r.charged_credits, r.price_credits)
  from analysis.bulks b join analysis.runs r on r.bulk_id = b.id
 where r.settled_at is not null and r.charged_credits is distinct from case when r.state = 'completed' then r.price_credits else 0 end;
grant select on analysis.audited_holds, analysis.audit_findings to credits_service;

-- A price stays as it was accepted, and what was charged as it was settled.
create function analysis.refuse_repricing() returns trigger language plpgsql set search_path = '' as $$
begin
  raise exception '% %: its price and what was charged are final', tg_table_name, old.id using errcode = 'insufficient_privilege';
end $$;
revoke execute on function analysis.refuse_repricing() from public;
create trigger runs_price_final before update of price_credits, charged_credits, released_credits on analysis.runs for each row
  when ((old.state <> 'closed' and old.price_credits is distinct from new.price_credits)
    or (old.charged_credits is not null and (old.charged_credits, old.released_credits)
      is distinct from (new.charged_credits, new.released_credits)))
  execute function analysis.refuse_repricing();
create trigger bulks_price_final before update of price_credits, held_credits, charged_credits, released_credits on analysis.bulks
  for each row
  when ((old.price_credits, old.held_credits) is distinct from (new.price_credits, new.held_credits)
    or (old.charged_credits is not null and (old.charged_credits, old.released_credits)
      is distinct from (new.charged_credits, new.released_credits)))
  execute function analysis.refuse_repricing();

reset role;

-- migrate:down
