-- migrate:up
-- All that on-call's login may read and change. Left out: names, texts and addresses of profiles and users, what customers wrote,
-- bodies of events, secrets and their hashes, keyed hashes of networks.
do $$
declare
  name text;
begin
  foreach name in array array['identity', 'credits', 'analysis', 'billing', 'scheduler'] loop
    execute format('set local role %I', name || '_owner');
    execute format('grant usage on schema %I to oslira_operator', name);
  end loop;
  reset role;
end $$;

set local role identity_owner;
select platform.show_to_operators('identity.accounts', 'id, kind, created_at, deleted_at');
select platform.show_to_operators('identity.members');
select platform.show_to_operators('identity.purged_accounts');
select platform.show_to_operators('identity.operator_acts');
select platform.show_to_operators('identity.sign_ups',
  'account_id, reason, state, attempt, failures, lease_until, not_before, due_at, progressed_at, created_at');
select platform.show_to_operators('identity.webhook_endpoints',
  'id, account_id, event_types, state, state_reason, state_changed_at, failure_count, failing_since, last_problem,
   last_delivered_at, created_at, updated_at');
select platform.show_to_operators('identity.webhook_deliveries',
  'id, account_id, endpoint_id, event_id, event_type, tries, response_status, problem, last_tried_at, delivered_at, waited_from,
   created_at, state, attempt, failures, lease_until, not_before, due_at, progressed_at');
select platform.show_to_operators('identity.webhook_cursors');
select platform.show_to_operators('identity.erasures', 'id, state, removed, due_at, watch_until, requested_at');
select platform.show_to_operators('identity.job_runs');

set local role credits_owner;
select platform.show_to_operators('credits.grants');
select platform.show_to_operators('credits.balances');
select platform.show_to_operators('credits.account_balances');
select platform.show_to_operators('credits.policy');
select platform.show_to_operators('credits.holds');
select platform.show_to_operators('credits.transfers',
  'id, idempotency_key, kind, account_id, hold_id, transaction_type, created_at, expires_at');
select platform.show_to_operators('credits.entries');
select platform.show_to_operators('credits.statement_lines');
select platform.show_to_operators('credits.revocations');
select platform.show_to_operators('credits.freezes');
select platform.show_to_operators('credits.notices');
select platform.show_to_operators('credits.differences');
select platform.show_to_operators('credits.job_runs');
grant select on credits.v_balances to oslira_operator;

set local role analysis_owner;
select platform.show_to_operators('analysis.slots');
select platform.show_to_operators('analysis.plans');
select platform.show_to_operators('analysis.outages');
select platform.show_to_operators('analysis.scrapes',
  'id, state, account_id, promoted_for, intent_at, actor_run_id, started_at, outcome, reason_code, cost_nano_usd, ended_at,
   created_at, attempt, failures, lease_until, not_before, due_at, progressed_at, seq, starts, overruns, snoozed_since, scraped_at');
select platform.show_to_operators('analysis.runs',
  'id, state, account_id, business_profile_id, type, price_credits, max_age_s, priority, request_id, waits_for, scrape_id,
   is_cache_bypassed, is_from_cache, progress, current_step, error_code, error_detail, lead_id, ai_cost_nano_usd,
   scrape_cost_nano_usd, charged_credits, released_credits, settled_at, created_at, started_at, finished_at, attempt, failures,
   lease_until, not_before, due_at, progressed_at, seq, reserved_nano_usd, cost_day, bulk_id, steps, call_count, input_tokens,
   cached_tokens, output_tokens, is_new_lead, redact_at, redacted_at, business_version, requeues, snoozed_since');
select platform.show_to_operators('analysis.bulks',
  'id, state, account_id, business_profile_id, type, price_credits, held_credits, stop_after_leads, stop_score, stopped_because,
   charged_credits, released_credits, settled_at, created_at, finished_at, attempt, failures, lease_until, not_before, due_at,
   progressed_at, seq');
select platform.show_to_operators('analysis.bulk_items');
select platform.show_to_operators('analysis.cost_limits');
select platform.show_to_operators('analysis.type_costs');
select platform.show_to_operators('analysis.daily_costs');
select platform.show_to_operators('analysis.ai_usage_logs');
select platform.show_to_operators('analysis.models');
select platform.show_to_operators('analysis.job_runs');
-- What runbooks change.
create policy operators_change on analysis.slots for update to oslira_operator using (true) with check (true);
grant update (cap, ageing_s, aged_share) on analysis.slots to oslira_operator;
create policy operators_change on analysis.plans for update to oslira_operator using (true) with check (true);
create policy operators_add on analysis.plans for insert to oslira_operator with check (true);
grant insert, update (max_running, weight, is_paused) on analysis.plans to oslira_operator;
create policy operators_change on analysis.cost_limits for update to oslira_operator using (true) with check (true);
grant update (daily_nano_usd) on analysis.cost_limits to oslira_operator;
create policy operators_end on analysis.outages for delete to oslira_operator using (true);
grant delete on analysis.outages to oslira_operator;

set local role billing_owner;
select platform.show_to_operators('billing.plans');
select platform.show_to_operators('billing.packs');
select platform.show_to_operators('billing.prices');
select platform.show_to_operators('billing.customers');
select platform.show_to_operators('billing.subscriptions');
select platform.show_to_operators('billing.invoices');
select platform.show_to_operators('billing.manual_plans');
select platform.show_to_operators('billing.renewals');
select platform.show_to_operators('billing.checkout_sessions');
select platform.show_to_operators('billing.invoice_payments');
select platform.show_to_operators('billing.purchases');
select platform.show_to_operators('billing.purchase_spans');
select platform.show_to_operators('billing.purchase_grants');
select platform.show_to_operators('billing.charges');
select platform.show_to_operators('billing.disputes');
select platform.show_to_operators('billing.credit_notes');
select platform.show_to_operators('billing.payment_problems',
  'stripe_invoice_id, account_id, stripe_subscription_id, problem, next_attempt_at, created_at');
select platform.show_to_operators('billing.webhook_events',
  'id, stripe_event_id, type, livemode, api_version, stripe_customer_id, account_id, reason, state, attempt, failures, lease_until,
   not_before, due_at, progressed_at, seq, created_at, waits_for, waited_from, first_tried_at');
select platform.show_to_operators('billing.account_closures');
select platform.show_to_operators('billing.differences');
select platform.show_to_operators('billing.stripe_mismatches');
select platform.show_to_operators('billing.job_runs');
grant select on billing.account_plans to oslira_operator;

set local role scheduler_owner;
select platform.show_to_operators('scheduler.ticks_published');

reset role;

-- migrate:down
