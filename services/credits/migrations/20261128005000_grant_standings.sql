-- migrate:up
set local role credits_owner;

-- What became of grants, for billing's reconciliation with Stripe. The views run as their owner: their readers see nothing else.
create view credits.grant_standings as
  select g.idempotency_key as grant_key, g.amount as credits, g.asked_back as taken_credits, g.freezes > 0 as is_frozen
    from credits.grants g;
create view credits.frozen_grants as
  select g.idempotency_key as grant_key from credits.grants g where g.freezes > 0;
create view credits.grant_reversals as
  select r.grant_key, r.created_at from credits.revocations r
  union all
  select f.grant_key, f.created_at from credits.freezes f;
grant select on credits.grant_standings, credits.frozen_grants, credits.grant_reversals to billing_service;

create index grants_frozen on credits.grants (idempotency_key) where freezes > 0;
create index revocations_created on credits.revocations (created_at);
create index freezes_created on credits.freezes (created_at);

reset role;

-- migrate:down
