"""What analysis reads from its environment."""

from typing import ClassVar

from oslira_shared.settings import ServiceSettings
from pydantic import Field, SecretStr


class AnalysisSettings(ServiceSettings):
    """Durations in seconds. The slots' figures seed a table; operators change them there without a restart."""

    service: ClassVar[str] = "analysis"
    uses: ClassVar[frozenset[str]] = frozenset({"apify_token", "openai_api_key", "anthropic_api_key"})

    s3_endpoint_url: str | None = Field(default=None, validation_alias="S3_ENDPOINT_URL")
    s3_bucket: str = Field(validation_alias="S3_BUCKET")
    apify_concurrency: int = Field(default=10, ge=1, le=1_000, validation_alias="APIFY_CONCURRENCY")
    scoring_concurrency: int = Field(default=60, ge=1, le=10_000, validation_alias="SCORING_CONCURRENCY")
    workers: int = Field(default=32, ge=1, le=1_000, validation_alias="ANALYSIS_WORKERS")
    actor_limit_s: float = Field(default=120, gt=0, validation_alias="APIFY_ACTOR_LIMIT_S")
    apify_request_timeout_s: float = Field(default=15, gt=0, validation_alias="APIFY_REQUEST_TIMEOUT_S")
    model_timeout_s: float = Field(default=60, gt=0, validation_alias="MODEL_TIMEOUT_S")
    shutdown_grace_s: float = Field(default=60, ge=0, validation_alias="SHUTDOWN_GRACE_S")

    def key(self, secret: SecretStr | None) -> str:
        """A provider's key; in development an empty one never leaves the machine."""
        return secret.get_secret_value() if secret else ""
