-- migrate:up
-- Triggers that hold for every writer of runs, bulks and leads.
set local role analysis_owner;

-- For every writer: progress never falls, an end has its time, and only a waiting run waits for something.
create function analysis.enforce_run_rules() returns trigger language plpgsql set search_path = '' as $$
begin
  new.progress := greatest(new.progress, old.progress);
  if new.state in ('completed', 'failed', 'cancelled') and new.finished_at is null then
    new.finished_at := pg_catalog.now();
  end if;
  if new.state <> 'waiting' then
    new.waits_for := null;
  end if;
  return new;
end $$;
create trigger enforce_run_rules before update on analysis.runs for each row execute function analysis.enforce_run_rules();

-- A run's states with their times: the first hundred and the last one, since a run that waits for hours for its suppliers
-- changes its state often.
create function analysis.record_run_steps() returns trigger language plpgsql set search_path = '' as $$
begin
  if tg_op = 'INSERT' or (new.state is distinct from old.state
     and (pg_catalog.jsonb_array_length(new.steps) < 100 or new.state in ('completed', 'failed', 'cancelled'))) then
    new.steps := new.steps || pg_catalog.jsonb_build_object('step', new.state, 'at', pg_catalog.clock_timestamp());
  end if;
  -- The bulk's row starts the settlement, so this run's end is not announced again.
  if new.bulk_id is not null and new.state in ('completed', 'failed', 'cancelled') then
    new.due_at := null;
  end if;
  return new;
end $$;
create trigger record_run_steps before insert or update on analysis.runs
  for each row execute function analysis.record_run_steps();

-- Every anonymous run is redacted after a time; the id is the anonymous account's (oslira_shared/anonymous.py).
create function analysis.mark_anonymous() returns trigger language plpgsql set search_path = '' as $$
begin
  new.redact_at := coalesce(new.redact_at, pg_catalog.now() + interval '1 hour');
  return new;
end $$;
create trigger mark_anonymous before insert on analysis.runs
  for each row when (new.account_id = '6f736c69-7261-4000-8000-00000000a000') execute function analysis.mark_anonymous();

create function analysis.reject_suppressed() returns trigger language plpgsql set search_path = '' as $$
begin
  if not identity.is_suppressed(new.username) then
    return new;
  elsif new.bulk_id is not null then
    return null;
  end if;
  raise exception 'profile_suppressed' using errcode = 'OS410';
end $$;
create trigger reject_suppressed before insert on analysis.runs
  for each row when (new.username is not null and new.username <> '-') execute function analysis.reject_suppressed();

-- An erased profile is never stored again, by any writer: a request that was accepted when the erasure began, a replay, a scrape
-- or a model call in progress. The row is skipped; the erasure ends the run. Only a request for the profile gets an error: OS410.
create function analysis.skip_suppressed() returns trigger language plpgsql set search_path = '' as $$
begin
  return case when identity.is_suppressed(new.username) then null else new end;
end $$;
create trigger skip_suppressed before insert on analysis.scrapes
  for each row execute function analysis.skip_suppressed();
create trigger skip_suppressed before insert on analysis.leads
  for each row execute function analysis.skip_suppressed();
create trigger skip_suppressed before insert on analysis.avatars
  for each row execute function analysis.skip_suppressed();

-- The intent is written just before the actor is started: without it nothing starts.
create trigger skip_suppressed_start before update of intent_at on analysis.scrapes
  for each row when (new.intent_at is distinct from old.intent_at) execute function analysis.skip_suppressed();

-- A price is final once it is accepted, and a charge once it is settled.
create function analysis.reject_repricing() returns trigger language plpgsql set search_path = '' as $$
begin
  raise exception '% %: its price and what was charged are final', tg_table_name, old.id using errcode = 'insufficient_privilege';
end $$;
create trigger runs_price_final before update of price_credits, charged_credits, released_credits on analysis.runs for each row
  when ((old.state <> 'closed' and old.price_credits is distinct from new.price_credits)
    or (old.charged_credits is not null and (old.charged_credits, old.released_credits)
      is distinct from (new.charged_credits, new.released_credits)))
  execute function analysis.reject_repricing();
create trigger bulks_price_final before update of price_credits, held_credits, charged_credits, released_credits on analysis.bulks
  for each row
  when ((old.price_credits, old.held_credits) is distinct from (new.price_credits, new.held_credits)
    or (old.charged_credits is not null and (old.charged_credits, old.released_credits)
      is distinct from (new.charged_credits, new.released_credits)))
  execute function analysis.reject_repricing();

-- The words of a text, for storing and for searching. White space, ASCII punctuation and dashes separate words, in any script.
-- The collation is explicit, since the database's own may only know ASCII.
create function analysis.words_of(p_text text) returns setof text
language sql immutable parallel safe set search_path = '' as $$
  select distinct left(w.word, 64)
    from pg_catalog.regexp_split_to_table(
           pg_catalog.lower(normalize(p_text, nfkc) collate pg_catalog."pg_c_utf8"),
           '[\s\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e\u00b7\u2010-\u2027\u3001\u3002\u30fb]+') as w (word)
   where w.word <> ''
$$;
grant execute on function analysis.words_of to analysis_service, authenticated;

create function analysis.index_lead_words() returns trigger language plpgsql set search_path = '' as $$
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
create trigger index_new_lead_words after insert on analysis.leads
  for each row execute function analysis.index_lead_words();
create trigger index_lead_words after update on analysis.leads
  for each row when (old.username is distinct from new.username or old.full_name is distinct from new.full_name)
  execute function analysis.index_lead_words();

reset role;

-- migrate:down
