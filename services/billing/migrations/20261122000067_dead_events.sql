-- migrate:up
set local role billing_owner;

-- Counted four times a minute, and listed for operators; there are few, among events that are kept.
create index webhook_events_dead on billing.webhook_events (created_at) where state = 'dead';

reset role;

-- migrate:down
