-- migrate:up
set local role billing_owner;

-- Plans that were there before trials had a policy get the catalogue's.
update billing.plans set trial_credits = 25 where trial_credits = 0 and plan <> 'free' and monthly_credits > 0;

reset role;

-- migrate:down
