-- migrate:up
set local role identity_owner;

-- What operators did: written before the act, completed after it, and never changed or deleted. One without an outcome was begun by
-- a process that died in the middle of it. `targets` holds ids; a profile is named by its digest alone.
create table identity.operator_acts (
  id uuid primary key,
  actor text not null check (length(actor) between 1 and 100),
  act text not null check (length(act) between 1 and 64),
  targets jsonb not null default '{}',
  begun_at timestamptz not null default now(),
  outcome text check (length(outcome) <= 64),
  ended_at timestamptz,
  check ((outcome is null) = (ended_at is null))
);
create index operator_acts_listed on identity.operator_acts (begun_at desc, id desc);

-- Whoever writes: an act that is told to its end stays as it was told.
create function identity.keep_operator_acts() returns trigger language plpgsql set search_path = '' as $$
begin
  if old.outcome is not null
     or (new.id, new.actor, new.act, new.targets, new.begun_at) is distinct from (old.id, old.actor, old.act, old.targets, old.begun_at) then
    raise exception 'operator acts are kept as they were written' using errcode = 'insufficient_privilege';
  end if;
  return new;
end $$;
create trigger keep_operator_acts before update on identity.operator_acts
  for each row execute function identity.keep_operator_acts();

alter table identity.operator_acts enable row level security;
alter table identity.operator_acts force row level security;
create policy owner_all on identity.operator_acts to identity_owner using (true) with check (true);
create policy service_all on identity.operator_acts to gateway_service using (true) with check (true);
revoke all on identity.operator_acts from gateway_service;
grant select, insert, update (outcome, ended_at) on identity.operator_acts to gateway_service;

reset role;

-- migrate:down
