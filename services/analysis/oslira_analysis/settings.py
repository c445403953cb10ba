"""Settings of analysis, from the environment."""

from decimal import Decimal
from typing import ClassVar

from oslira_shared.settings import ServiceSettings
from oslira_shared.settings.bucket import BucketSettings
from pydantic import Field, SecretStr, field_validator

from oslira_analysis.infrastructure.models.read_model_table import read_model_table


class AnalysisSettings(BucketSettings, ServiceSettings):
    """Durations in seconds. The numbers of slots seed a table; operators change them there without a restart."""

    service: ClassVar[str] = "analysis"
    uses: ClassVar[frozenset[str]] = frozenset({"apify_token", "openai_api_key", "anthropic_api_key"})

    apify_concurrency: int = Field(default=10, ge=1, le=1_000, validation_alias="APIFY_CONCURRENCY")
    """Scrapes at once, of the whole fleet. It seeds a table that operators change without a restart."""
    scoring_concurrency: int = Field(default=60, ge=1, le=1_000, validation_alias="SCORING_CONCURRENCY")
    """Model calls at once, of the whole fleet (decision 35). It seeds a table that operators change without a restart."""
    workers: int = Field(default=32, ge=1, le=1_000, validation_alias="ANALYSIS_WORKERS")
    """Runs that one process admits at once."""
    promotion_ageing_s: int = Field(default=60, ge=0, le=86_400, validation_alias="PROMOTION_AGEING_S")
    """A task that has waited longer may be promoted before younger ones of higher priority, in a quarter of promotions."""
    actor_limit_s: float = Field(default=120, gt=0, le=3_600, validation_alias="APIFY_ACTOR_LIMIT_S")
    """How long Apify's actor may run for one scrape."""
    apify_request_timeout_s: float = Field(
        default=15, gt=0, le=300, validation_alias="APIFY_REQUEST_TIMEOUT_S"
    )
    """How long one request to Apify's API may take."""
    apify_start_slack_s: float = Field(default=30, gt=0, le=600, validation_alias="APIFY_START_SLACK_S")
    """How long after its time limit a start with a lost answer may still appear in the list of the actor's runs."""
    snooze_single_s: float = Field(default=1_800, gt=0, le=86_400, validation_alias="SNOOZE_SINGLE_S")
    """How long a single run waits for a supplier that is down before it fails."""
    snooze_bulk_s: float = Field(default=21_600, gt=0, le=604_800, validation_alias="SNOOZE_BULK_S")
    """How long a run of a bulk waits for a supplier that is down before it fails."""
    supplier_probe_every_s: float = Field(default=5, gt=0, le=10, validation_alias="SUPPLIER_PROBE_EVERY_S")
    """How often a supplier that is down is probed, by one process at a time."""
    used_up_patience_s: float = Field(default=30, ge=0, le=86_400, validation_alias="USED_UP_PATIENCE_S")
    """How long a scrape waits for an operator to raise a usage limit at Apify."""
    model_timeout_s: float = Field(default=60, gt=0, le=600, validation_alias="MODEL_TIMEOUT_S")
    """How long one call of a model may take."""
    model_table: str = Field(default="", validation_alias="MODEL_TABLE")
    """Changes to the built-in table of models, as JSON or the path of a JSON file."""
    scrape_names_kept_days: int = Field(default=30, ge=2, le=3_650, validation_alias="SCRAPE_NAMES_KEPT_DAYS")
    """After this time the daily clean-up removes profile names from scrapes."""
    stalled_after_s: float = Field(default=900, gt=0, le=86_400, validation_alias="OSLIRA_STALLED_AFTER_S")
    """How long a run may be without progress before it is ended as `stalled`."""
    ai_gateway_token: SecretStr | None = Field(default=None, validation_alias="AI_GATEWAY_TOKEN")
    """Token of the AI Gateway. Only with AI_GATEWAY_URL."""
    ai_gateway_cache_ttl_s: int = Field(
        default=3_600, ge=0, le=2_592_000, validation_alias="AI_GATEWAY_CACHE_TTL_S"
    )
    """How long the AI Gateway may keep an answer; 0: not at all."""
    account_daily_cost_limit_usd: Decimal = Field(
        default=Decimal(1_000), gt=0, le=1_000_000, validation_alias="ACCOUNT_DAILY_COST_LIMIT_USD"
    )
    """The most that suppliers may cost for one account in a day, counted by the usual cost of runs: a guard against runaway cost."""
    shutdown_grace_s: float = Field(default=60, ge=0, le=600, validation_alias="SHUTDOWN_GRACE_S")
    """How long a stopping process waits for model calls that are paid for."""

    @field_validator("model_table")
    @classmethod
    def _a_table_of_models(cls, setting: str) -> str:
        read_model_table(setting)
        return setting

    def _contradictions(self) -> list[str]:
        faults = super()._contradictions()
        if self.ai_gateway_token and not self.ai_gateway_url:
            faults.append("AI_GATEWAY_TOKEN is set without AI_GATEWAY_URL")
        if self.snooze_bulk_s < self.snooze_single_s:
            faults.append("SNOOZE_BULK_S is less than SNOOZE_SINGLE_S: runs of a bulk wait longest")
        return faults
