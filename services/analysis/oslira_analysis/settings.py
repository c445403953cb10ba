"""Settings of analysis, from the environment."""

from decimal import Decimal
from typing import ClassVar

from oslira_shared.settings import ServiceSettings
from pydantic import Field, SecretStr, field_validator

from oslira_analysis.infrastructure.models.read_model_table import read_model_table


class AnalysisSettings(ServiceSettings):
    """Durations in seconds. The numbers of slots seed a table; operators change them there without a restart."""

    service: ClassVar[str] = "analysis"
    uses: ClassVar[frozenset[str]] = frozenset({"apify_token", "openai_api_key", "anthropic_api_key"})

    s3_endpoint_url: str | None = Field(default=None, validation_alias="S3_ENDPOINT_URL")
    s3_bucket: str = Field(validation_alias="S3_BUCKET")
    apify_concurrency: int = Field(default=10, ge=1, le=1_000, validation_alias="APIFY_CONCURRENCY")
    # Slots of the whole fleet. Each process has the same worker capacity, because it may be the only one (decision 35).
    scoring_concurrency: int = Field(default=60, ge=1, le=1_000, validation_alias="SCORING_CONCURRENCY")
    # Runs that one process admits at once.
    workers: int = Field(default=32, ge=1, le=1_000, validation_alias="ANALYSIS_WORKERS")
    # A task that has waited longer may be promoted before younger ones of higher priority, in a quarter of all promotions.
    promotion_ageing_s: int = Field(default=60, ge=0, le=86_400, validation_alias="PROMOTION_AGEING_S")
    actor_limit_s: float = Field(default=120, gt=0, validation_alias="APIFY_ACTOR_LIMIT_S")
    apify_request_timeout_s: float = Field(default=15, gt=0, validation_alias="APIFY_REQUEST_TIMEOUT_S")
    # How long after its time limit a start with a lost answer may still appear in the list of the actor's runs.
    apify_start_slack_s: float = Field(default=30, gt=0, validation_alias="APIFY_START_SLACK_S")
    # How long a run waits for a supplier that is down before it fails: a single run, and one of a bulk.
    snooze_single_s: float = Field(default=1_800, gt=0, validation_alias="SNOOZE_SINGLE_S")
    snooze_bulk_s: float = Field(default=21_600, gt=0, validation_alias="SNOOZE_BULK_S")
    # Probes of a supplier that is down, by one process at a time.
    supplier_probe_every_s: float = Field(default=5, gt=0, le=10, validation_alias="SUPPLIER_PROBE_EVERY_S")
    # How long a scrape waits for an operator to raise a usage limit at Apify.
    used_up_patience_s: float = Field(default=30, ge=0, validation_alias="USED_UP_PATIENCE_S")
    model_timeout_s: float = Field(default=60, gt=0, validation_alias="MODEL_TIMEOUT_S")
    # Changes to the built-in table of models, as JSON or the path of a JSON file (read_model_table.py).
    model_table: str = Field(default="", validation_alias="MODEL_TABLE")
    # After this time the daily clean-up removes profile names from scrapes. A profile is fresh for at most a day.
    scrape_names_kept_days: int = Field(default=30, ge=2, le=3_650, validation_alias="SCRAPE_NAMES_KEPT_DAYS")
    stalled_after_s: float = Field(default=900, gt=0, validation_alias="OSLIRA_STALLED_AFTER_S")
    ai_gateway_token: SecretStr | None = Field(default=None, validation_alias="AI_GATEWAY_TOKEN")
    ai_gateway_cache_ttl_s: int = Field(default=3_600, ge=0, validation_alias="AI_GATEWAY_CACHE_TTL_S")
    # A guard against runaway cost, counted by the usual cost of runs. Credits limit what an account may buy.
    account_daily_cost_limit_usd: Decimal = Field(
        default=Decimal(1_000), gt=0, validation_alias="ACCOUNT_DAILY_COST_LIMIT_USD"
    )
    shutdown_grace_s: float = Field(default=60, ge=0, validation_alias="SHUTDOWN_GRACE_S")

    @field_validator("model_table")
    @classmethod
    def _a_table_of_models(cls, setting: str) -> str:
        read_model_table(setting)
        return setting
