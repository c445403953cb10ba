"""Metrics of the engine: runs and their steps, the cache, scrapes, models and what they cost."""

from typing import Final

from oslira_shared.observability.metrics import BUCKETS_S
from prometheus_client import Counter, Gauge, Histogram

from oslira_analysis.domain.items.judge_items import UNUSABLE

_RUN_BUCKETS_S: Final = (1.0, 2.5, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0)
NANO: Final = 1e-9

# Runs.
RUNS_ENDED: Final = Counter(
    "oslira_runs_ended_total",
    "Runs by type and outcome: completed, cancelled, or why they failed",
    ["type", "outcome"],
)
RUN_SECONDS: Final = Histogram(
    "oslira_run_seconds",
    "From a run's accept to its end, waiting included",
    ["type", "state"],
    buckets=_RUN_BUCKETS_S,
)
STEP_SECONDS: Final = Histogram(
    "oslira_step_seconds", "One attempt at one step", ["step"], buckets=(*BUCKETS_S, 160.0)
)
RUNS: Final = Gauge(
    "oslira_runs", "Active runs by state, and runs that have ended and are not settled", ["state"]
)
RUNS_OLDEST_SECONDS: Final = Gauge(
    "oslira_runs_oldest_seconds",
    "Age in its state of the run that has been in the state longest",
    ["state"],
)
SLOTS: Final = Gauge("oslira_slots", "Slots of the whole fleet", ["kind"])
SLOTS_USED: Final = Gauge("oslira_slots_used", "Slots of the whole fleet in use", ["kind"])
ACCOUNTS_PLAN_UNKNOWN: Final = Gauge(
    "oslira_accounts_plan_unknown",
    "Accounts on a plan that analysis.plans does not know: they get the smallest",
)

# Profiles.
PROFILE_LOOKUPS: Final = Counter(
    "oslira_profile_lookups_total",
    "Reads of the profile cache when a run is admitted: hit, miss or bypassed",
    ["outcome"],
)
SCRAPE_ATTEMPTS: Final = Counter(
    "oslira_scrape_attempts_total",
    "Attempts at a scrape: fetched, unavailable, failed, overdue (aborted), refused (the start itself), busy (the scraper "
    "can't serve it), unknown (start's answer lost), or why its items were rejected",
    ["outcome"],
)
SCRAPE_COST_USD: Final = Counter("oslira_scrape_cost_usd_total", "What the actor's runs cost, in dollars")

# Models.
MODEL_SECONDS: Final = Histogram(
    "oslira_model_seconds",
    "Requests to models: answered, unusable, refused, cut_short, failed",
    ["provider", "model", "outcome"],
    buckets=(*BUCKETS_S, 160.0),
)
MODEL_TOKENS: Final = Counter(
    "oslira_model_tokens_total", "Tokens: input (cached ones included), cached, output", ["model", "kind"]
)
MODEL_COST_USD: Final = Counter("oslira_model_cost_usd_total", "What models cost, in dollars", ["model"])
PAID_ANSWERS_LOST: Final = Counter(
    "oslira_paid_answers_lost_total",
    "Model calls that were paid for and whose answer and cost could not be written to Postgres",
)
PLANS_PAUSED: Final = Gauge("oslira_plans_paused", "Plans whose tasks an operator has paused")
MODEL_SHUTDOWN_DAYS: Final = Gauge(
    "oslira_model_shutdown_days",
    "Days until the supplier shuts the model down, of models in the table of models; 10000 without a date",
    ["provider", "model"],
)
MODEL_MISSING: Final = Gauge(
    "oslira_model_missing",
    "1 for a model of the table that its supplier doesn't list or answered model_not_found for",
    ["provider", "model"],
)
BREAKER_OPEN: Final = Gauge(
    "oslira_breaker_open", "This process's breaker: 0 closed, 0.5 half open, 1 open", ["provider"]
)
SUPPLIER_TROUBLES: Final = Counter(
    "oslira_supplier_troubles_total",
    "Requests that a supplier did not serve: outage, limited, used_up (its budget with us), key_refused, or unusable "
    "(this one request or its answer)",
    ["provider", "reason"],
)

# Initialised at start: a series that appears with its first event shows no increase, so an alert would miss that event.
for _outcome in ("hit", "miss", "bypassed"):
    PROFILE_LOOKUPS.labels(_outcome)
for _outcome in ("fetched", "unavailable", "failed", "overdue", "refused", "busy", "unknown", *UNUSABLE):
    SCRAPE_ATTEMPTS.labels(_outcome)
for _supplier in ("apify", "openai", "anthropic"):
    for _trouble in ("outage", "limited", "used_up", "key_refused", "unusable"):
        SUPPLIER_TROUBLES.labels(_supplier, _trouble)
