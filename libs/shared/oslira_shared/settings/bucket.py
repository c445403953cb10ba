"""How a program reaches the bucket of scraped profiles."""

import os

from pydantic import Field, SecretStr

from oslira_shared.bucket import BucketAccess
from oslira_shared.settings.base import Settings
from oslira_shared.settings.values import BucketName, HttpUrl, Region


class BucketSettings(Settings):
    """The bucket, its region and keys."""

    s3_bucket: BucketName = Field(validation_alias="S3_BUCKET")
    """The bucket of scraped profiles and pictures."""
    s3_endpoint_url: HttpUrl | None = Field(default=None, validation_alias="S3_ENDPOINT_URL")
    """The bucket's S3 endpoint; without one AWS's, in AWS_REGION."""
    aws_region: Region | None = Field(default=None, validation_alias="AWS_REGION")
    """AWS's region: of Secrets Manager, and of the bucket. AWS_DEFAULT_REGION is taken where it is not set."""
    aws_access_key_id: SecretStr | None = Field(default=None, validation_alias="AWS_ACCESS_KEY_ID")
    """The bucket's keys, where the pod has no role of AWS's."""
    aws_secret_access_key: SecretStr | None = Field(default=None, validation_alias="AWS_SECRET_ACCESS_KEY")
    """Belongs to AWS_ACCESS_KEY_ID."""

    def _contradictions(self) -> list[str]:
        faults = super()._contradictions()
        if self.aws_access_key_id and not self.aws_secret_access_key:
            faults.append("AWS_SECRET_ACCESS_KEY is missing: AWS_ACCESS_KEY_ID is set")
        if self._is_used() and not (
            self.s3_endpoint_url or self.aws_region or os.environ.get("AWS_DEFAULT_REGION")
        ):
            faults.append("AWS_REGION is missing: without S3_ENDPOINT_URL the bucket is in a region of AWS")
        return faults

    def _is_used(self) -> bool:
        return bool(self.s3_bucket)

    @property
    def bucket_access(self) -> BucketAccess:
        """Region and keys."""
        return BucketAccess(
            self.aws_region, self._secret("aws_access_key_id"), self._secret("aws_secret_access_key")
        )
