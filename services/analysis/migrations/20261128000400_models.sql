-- migrate:up
set local role analysis_owner;

-- What suppliers said of the models that we use: by their lists, once a day, and by answering model_not_found. Every replica reads
-- it every few seconds, so one refusal is enough for all of them.
create table analysis.models (
  provider text not null check (provider in ('openai', 'anthropic')),
  name text not null,
  is_listed boolean not null default true,
  listed_at timestamptz,
  shuts_down_on date,
  gone_at timestamptz,
  primary key (provider, name)
);
alter table analysis.models enable row level security;
alter table analysis.models force row level security;
create policy owner_all on analysis.models to analysis_owner using (true) with check (true);
create policy service_all on analysis.models to analysis_service using (true) with check (true);
grant select, insert, update, delete on analysis.models to analysis_service;

-- What a run can cost at most until the service has computed it from its table of models: on the safe side.
update analysis.type_costs c set worst_nano_usd = greatest(c.worst_nano_usd, safe.nano_usd)
  from (values ('light', 300000000), ('deep', 1000000000), ('xray', 2000000000), ('business_profile', 500000000))
       as safe(type, nano_usd)
 where c.type = safe.type;

reset role;

-- migrate:down
