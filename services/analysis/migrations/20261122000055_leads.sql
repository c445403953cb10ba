-- migrate:up
set local role analysis_owner;

-- Every lead was analysed when it was made: lists are sorted by these two, and a null has no place in an order.
update analysis.leads set latest_score = coalesce(latest_score, 0), analysed_at = coalesce(analysed_at, updated_at)
 where latest_score is null or analysed_at is null;
alter table analysis.leads
  alter column latest_score set default 0, alter column latest_score set not null,
  alter column analysed_at set default now(), alter column analysed_at set not null;

-- One index for each order that a list can have, read from either end. The policy and the query name the account first.
create index leads_by_time on analysis.leads (account_id, analysed_at, id) where deleted_at is null;
create index leads_by_score on analysis.leads (account_id, latest_score, id) where deleted_at is null;
create index leads_by_name on analysis.leads (account_id, username, id) where deleted_at is null;
drop index analysis.leads_listed;
create index analyses_listed on analysis.analyses (lead_id, created_at, id);
drop index analysis.analyses_of_lead;

-- What a lead is found by: its username, and the words of username and name. Under row-level security Postgres uses an index
-- only for operators that leak nothing, so neither LIKE nor full text: words are compared by < and >=, byte by byte.
create table analysis.lead_words (
  account_id uuid not null,
  word text collate "C" not null check (length(word) <= 64),
  lead_id uuid not null references analysis.leads (id) on delete cascade,
  primary key (account_id, word, lead_id)
);
create index lead_words_of_lead on analysis.lead_words (lead_id);
alter table analysis.lead_words enable row level security;
alter table analysis.lead_words force row level security;
create policy owner_all on analysis.lead_words to analysis_owner using (true) with check (true);
create policy service_all on analysis.lead_words to analysis_service using (true) with check (true);
create policy members_read on analysis.lead_words for select to authenticated
  using (account_id in (select public.user_account_ids()));
grant select, insert, update, delete on analysis.lead_words to analysis_service;
grant select on analysis.lead_words to authenticated;

-- The words of a text, as they are stored and as they are looked for. White space, ASCII punctuation and dashes part words, so
-- that every script keeps its own; the collation is named, since a database's own may know ASCII alone.
create function analysis.words_of(p_text text) returns setof text
language sql immutable parallel safe set search_path = '' as $$
  select distinct left(w.word, 64)
    from pg_catalog.regexp_split_to_table(
           pg_catalog.lower(normalize(p_text, nfkc) collate pg_catalog."pg_c_utf8"),
           '[\s\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e\u00b7\u2010-\u2027\u3001\u3002\u30fb]+') as w (word)
   where w.word <> ''
$$;
grant execute on function analysis.words_of(text) to authenticated, analysis_service;

create function analysis.keep_lead_words() returns trigger language plpgsql set search_path = '' as $$
begin
  if tg_op = 'UPDATE' then
    delete from analysis.lead_words w where w.lead_id = new.id;
  end if;
  insert into analysis.lead_words (account_id, word, lead_id)
  select new.account_id, found.word, new.id
    from (select pg_catalog.lower(left(new.username, 64)) as word
          union select w from analysis.words_of(new.username || ' ' || coalesce(new.full_name, '')) as w limit 50) found;
  return null;
end $$;
create trigger keep_new_lead_words after insert on analysis.leads
  for each row execute function analysis.keep_lead_words();
create trigger keep_lead_words after update on analysis.leads
  for each row when (old.username is distinct from new.username or old.full_name is distinct from new.full_name)
  execute function analysis.keep_lead_words();
insert into analysis.lead_words (account_id, word, lead_id)
select l.account_id, found.word, l.id
  from analysis.leads l
  cross join lateral (select pg_catalog.lower(left(l.username, 64)) as word
                      union select w from analysis.words_of(l.username || ' ' || coalesce(l.full_name, '')) as w limit 50) found;

-- Put a lead away; false when the account has no such lead. It can come back for 30 days.
create function analysis.delete_lead(p_lead_id uuid, p_account_id uuid) returns boolean
language plpgsql security definer set search_path = '' as $$
begin
  update analysis.leads l set deleted_at = now(), updated_at = now()
   where l.id = p_lead_id and l.account_id = p_account_id and l.deleted_at is null;
  return found;
end $$;

-- Take a lead back: restored (also one that was never away), not_found, or replaced by the lead that took its place since.
create function analysis.restore_lead(p_lead_id uuid, p_account_id uuid) returns table (outcome text, lead_id uuid)
language plpgsql security definer set search_path = '' as $$
begin
  update analysis.leads l
     set deleted_at = null, updated_at = case when l.deleted_at is null then l.updated_at else now() end
   where l.id = p_lead_id and l.account_id = p_account_id
     and (l.deleted_at is null or l.deleted_at > now() - interval '30 days');
  return query select case when found then 'restored' else 'not_found' end, p_lead_id;
exception when unique_violation then
  return query
    select 'replaced', other.id
      from analysis.leads l
      join analysis.leads other on other.account_id = l.account_id and other.business_profile_id = l.business_profile_id
                               and other.username = l.username and other.deleted_at is null
     where l.id = p_lead_id;
end $$;
grant execute on function analysis.delete_lead(uuid, uuid), analysis.restore_lead(uuid, uuid) to gateway_service;

-- As before, but a run whose lead was put away stands in for nothing: who asks for that profile again wants a lead again.
create or replace function analysis.find_same(
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
      and not exists (select from analysis.leads l where l.id = r.lead_id and l.deleted_at is not null)
    order by r.finished_at desc limit 1)
  limit 1
$$;

-- Which version of the business a run is scored for, chosen when it is first scored: an attempt after a crash asks the same.
alter table analysis.runs add column business_version integer check (business_version > 0);
alter table analysis.analyses add column business_version integer check (business_version > 0);

reset role;

-- migrate:down
