"""Grafana's dashboards: panels by dashboard, and the JSON that Grafana loads."""

import json
from typing import Any, Final

# (title, unit, [(expression, legend), …]); two in a row of the dashboard.
Panel = tuple[str, str, list[tuple[str, str]]]
_RUNS: Final[list[Panel]] = [
    (
        "Completed runs, without failures outside our control",
        "percentunit",
        [("oslira:runs_completed:ratio_1h", "completed")],
    ),
    (
        "Ends by outcome",
        "short",
        [("sum by (outcome) (increase(oslira_runs_ended_total[5m]))", "{{outcome}}")],
    ),
    ("Accept to end, p95", "s", [("type:oslira_run_seconds:p95_15m", "{{type}}")]),
    ("Steps, p95", "s", [("step:oslira_step_seconds:p95_15m", "{{step}}")]),
    ("Active runs", "short", [("max by (state) (oslira_runs)", "{{state}}")]),
    ("Longest in a state", "s", [("max by (state) (oslira_runs_oldest_seconds)", "{{state}}")]),
    ("Slots in use", "percentunit", [("kind:oslira_slots_used:ratio", "{{kind}}")]),
    ("Work held by process", "short", [("oslira_work_held", "{{instance}} {{table}}")]),
]
_API: Final[list[Panel]] = [
    ("Requests", "reqps", [("sum by (status) (rate(oslira_http_seconds_count[5m]))", "{{status}}")]),
    ("5xx", "percentunit", [("oslira:http_errors:ratio_5m", "5xx")]),
    ("p99 by route", "s", [("topk(10, route:oslira_http_seconds:p99_5m)", "{{route}}")]),
    (
        "Problems by code",
        "short",
        [("sum by (code) (increase(oslira_http_refusals_total[5m])) > 0", "{{code}}")],
    ),
    ("Event streams", "short", [("sum(oslira_event_streams)", "open")]),
    (
        "Requests to other services, p99",
        "s",
        [
            (
                "histogram_quantile(0.99, sum by (subject, le) (rate(oslira_rpc_request_seconds_bucket[5m])))",
                "{{subject}}",
            )
        ],
    ),
    (
        "Outgoing webhooks by outcome",
        "short",
        [("sum by (outcome) (increase(oslira_outgoing_webhooks_total[5m]))", "{{outcome}}")],
    ),
    (
        "Outgoing webhooks: age of the oldest due one",
        "s",
        [("max(oslira_outgoing_webhook_lag_seconds)", "lag")],
    ),
]
_MONEY: Final[list[Panel]] = [
    ("Open holds", "short", [("max(oslira_holds_open)", "holds")]),
    (
        "Oldest hold, oldest unsettled run",
        "s",
        [
            ("max(oslira_holds_oldest_seconds)", "hold"),
            ('max(oslira_runs_oldest_seconds{state="unsettled"})', "run"),
        ],
    ),
    ("Credits", "short", [("sum by (kind) (increase(oslira_credits_moved_total[1h]))", "{{kind}}")]),
    ("Hold requests", "short", [("sum by (outcome) (increase(oslira_holds_total[5m]))", "{{outcome}}")]),
    (
        "Stripe's webhooks by answer",
        "short",
        [("sum by (answer) (increase(oslira_webhooks_total[5m]))", "{{answer}}")],
    ),
    (
        "Stripe's events: lag, and dead ones",
        "short",
        [("max(oslira_stripe_events_oldest_seconds)", "lag, s"), ("max(oslira_stripe_events_dead)", "dead")],
    ),
    ("Audit", "short", [("max(oslira_audit_differences)", "differences")]),
    ("Reconciliation differences", "short", [("max(oslira_book_differences)", "differences")]),
    (
        "Jobs: since they were last done",
        "s",
        [
            (
                "time() - max by (job, job_name) (oslira_job_last_done_timestamp_seconds)",
                "{{job}} {{job_name}}",
            )
        ],
    ),
]
_PROVIDERS: Final[list[Panel]] = [
    (
        "Cost by model, per day",
        "currencyUSD",
        [
            ("sum by (model) (increase(oslira_model_cost_usd_total[1d]))", "{{model}}"),
            ("sum(increase(oslira_scrape_cost_usd_total[1d]))", "scraper"),
        ],
    ),
    ("Scraper's share of cost, 30 days", "percentunit", [("oslira:scraper_cost:share_30d", "share")]),
    (
        "Tokens",
        "short",
        [("sum by (model, kind) (rate(oslira_model_tokens_total[5m]))", "{{model}} {{kind}}")],
    ),
    (
        "Models, p95",
        "s",
        [
            (
                "histogram_quantile(0.95, sum by (model, le) (rate(oslira_model_seconds_bucket[15m])))",
                "{{model}}",
            )
        ],
    ),
    (
        "Models by outcome",
        "reqps",
        [("sum by (provider, outcome) (rate(oslira_model_seconds_count[5m]))", "{{provider}} {{outcome}}")],
    ),
    ("Breakers", "short", [("max by (provider) (oslira_breaker_open)", "{{provider}}")]),
    ("Answers of the second provider", "percentunit", [("oslira:model_fallback:ratio_30m", "share")]),
    (
        "Models: days until shutdown; missing ones",
        "short",
        [
            ("min by (model) (oslira_model_shutdown_days) < 365", "{{model}}"),
            ("max by (model) (oslira_model_missing)", "{{model}} is missing"),
        ],
    ),
    ("Profiles from the cache, 1 day", "percentunit", [("oslira:profile_cache_hits:ratio_1d", "hits")]),
    (
        "Scrapes by outcome; hours down in 30 days",
        "short",
        [
            ("sum by (outcome) (increase(oslira_scrape_attempts_total[5m]))", "{{outcome}}"),
            ("oslira:scraper_down_hours:sum_30d", "hours down"),
        ],
    ),
]
_PROCESSES: Final[list[Panel]] = [
    ("Up", "short", [("sum by (job) (up)", "{{job}}")]),
    ("Bus connected", "short", [("min by (job) (oslira_bus_connected)", "{{job}}")]),
    ("Consumers: lag", "short", [("max by (consumer) (oslira_consumer_pending_messages)", "{{consumer}}")]),
    (
        "Consumers: age of messages, p99",
        "s",
        [
            (
                "histogram_quantile(0.99, sum by (consumer, le) (rate(oslira_message_age_seconds_bucket[5m])))",
                "{{consumer}}",
            )
        ],
    ),
    (
        "Messages by disposition",
        "short",
        [
            (
                "sum by (consumer, disposition) (rate(oslira_messages_total[5m]))",
                "{{consumer}} {{disposition}}",
            )
        ],
    ),
    ("Streams", "short", [("max by (stream) (oslira_stream_messages)", "{{stream}}")]),
    (
        "Event loop lag, p99",
        "s",
        [
            (
                "histogram_quantile(0.99, sum by (job, le) (rate(oslira_event_loop_lag_seconds_bucket[5m])))",
                "{{job}}",
            )
        ],
    ),
    (
        "Connections to Postgres that are busy",
        "short",
        [('oslira_database_pool_connections{state="busy"}', "{{job}} {{instance}}")],
    ),
    (
        "Loops that fail",
        "short",
        [("sum by (job, loop) (increase(oslira_loop_failures_total[5m])) > 0", "{{job}} {{loop}}")],
    ),
    (
        "Answers to other services, p99",
        "s",
        [
            (
                "histogram_quantile(0.99, sum by (subject, le) (rate(oslira_rpc_answer_seconds_bucket[5m])))",
                "{{subject}}",
            )
        ],
    ),
]
DASHBOARDS: Final = {
    "runs": ("Oslira: runs", _RUNS),
    "api": ("Oslira: API", _API),
    "money": ("Oslira: money and jobs", _MONEY),
    "providers": ("Oslira: providers and cost", _PROVIDERS),
    "processes": ("Oslira: bus and processes", _PROCESSES),
}
_SOURCE: Final = {"type": "prometheus", "uid": "oslira-prometheus"}


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    title, unit, targets = panel
    return {
        "id": number + 1,
        "title": title,
        "type": "timeseries",
        "datasource": _SOURCE,
        "gridPos": {"x": 12 * (number % 2), "y": 8 * (number // 2), "w": 12, "h": 8},
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + at), "expr": expression, "legendFormat": legend, "datasource": _SOURCE}
            for at, (expression, legend) in enumerate(targets)
        ],
    }


def dashboard_json(uid: str, title: str, panels: list[Panel]) -> str:
    """The file of one dashboard."""
    board = {
        "uid": f"oslira-{uid}",
        "title": title,
        "tags": ["oslira"],
        "schemaVersion": 39,
        "editable": False,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "panels": [_panel(number, panel) for number, panel in enumerate(panels)],
    }
    return json.dumps(board, indent=1) + "\n"
