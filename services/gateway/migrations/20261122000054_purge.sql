-- migrate:up
set local role identity_owner;

-- A user goes with the last account they belonged to.
grant delete on identity.users to gateway_service;
-- Billing forgets what it knows of the people behind an account.
grant select on identity.closed_accounts to billing_service;

reset role;

-- migrate:down
