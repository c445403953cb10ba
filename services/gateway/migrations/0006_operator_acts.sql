-- migrate:up
-- The audit log of operators.
set local role identity_owner;

-- Operator actions: written before the action, completed after it, never changed or deleted. In one without an outcome the
-- process died. `targets` has ids; of a profile, only its digest.
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
select platform.protect('identity.operator_acts', 'gateway_service', 'select, insert');
grant update (outcome, ended_at) on identity.operator_acts to gateway_service;

-- For every writer: a completed action does not change.
create function identity.protect_operator_acts() returns trigger language plpgsql set search_path = '' as $$
begin
  if old.outcome is not null
     or (new.id, new.actor, new.act, new.targets, new.begun_at) is distinct from (old.id, old.actor, old.act, old.targets, old.begun_at) then
    raise exception 'operator actions are immutable' using errcode = 'insufficient_privilege';
  end if;
  return new;
end $$;
create trigger protect_operator_acts before update on identity.operator_acts
  for each row execute function identity.protect_operator_acts();

reset role;

-- migrate:down
