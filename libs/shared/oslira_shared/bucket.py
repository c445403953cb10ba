"""The bucket of scraped profiles and pictures: its client, and the lifecycle rule that deletes profiles after two days."""

from dataclasses import dataclass, field
from typing import Any, Final

from oslira_shared.errors import OsliraError

PROFILES: Final = "profiles/"
PROFILE_DAYS: Final = 2
_RULE: Final = {
    "ID": "oslira-profiles",
    "Status": "Enabled",
    "Filter": {"Prefix": PROFILES},
    "Expiration": {"Days": PROFILE_DAYS},
}
# Per read, which is all that boto3 limits; and per call on a small object, including the second attempt.
_TIMEOUT_S: Final = 3
CALL_LIMIT_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class BucketAccess:
    """Region and keys. What is None boto finds by itself: keys of the pod's role, and a region, but not AWS_REGION's."""

    region: str | None = None
    access_key_id: str | None = field(default=None, repr=False)
    secret_access_key: str | None = field(default=None, repr=False)


_OWN: Final = BucketAccess()


def bucket_client(endpoint_url: str | None, access: BucketAccess = _OWN) -> Any:
    """A boto3 client, which blocks. Importing boto3 takes half a second of CPU."""
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    # A separate session: the default one is not thread-safe, and keeps the first keys that it saw.
    return boto3.Session().client(
        "s3",
        endpoint_url=endpoint_url,
        region_name=access.region or ("auto" if endpoint_url else None),
        aws_access_key_id=access.access_key_id,
        aws_secret_access_key=access.secret_access_key,
        config=Config(
            connect_timeout=_TIMEOUT_S,
            read_timeout=_TIMEOUT_S,
            retries={"total_max_attempts": 2},
            max_pool_connections=50,
            # R2 and others don't take the newer default checksums
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            s3={"addressing_style": "path"},
        ),
    )


def expire_profiles(client: Any, bucket: str) -> None:
    """Set the rule if it is missing, and read it back: a store may accept a rule and not keep it. Blocks.

    Raises OsliraError `internal` when the bucket doesn't have the rule afterwards, and the errors of boto3.
    """
    before = _rules(client, bucket)
    if _is_set(before):
        return
    # Setting a lifecycle replaces the whole: the other rules must be sent again.
    others = [rule for rule in before if rule.get("ID") != _RULE["ID"]]
    client.put_bucket_lifecycle_configuration(
        Bucket=bucket, LifecycleConfiguration={"Rules": [*others, _RULE]}
    )
    if not _is_set(_rules(client, bucket)):
        raise OsliraError(
            "internal",
            f"the bucket {bucket} took the rule that {PROFILES} expires after {PROFILE_DAYS} days, and doesn't have it",
        )


def _rules(client: Any, bucket: str) -> list[dict[str, Any]]:
    try:
        return client.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    except client.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchLifecycleConfiguration":
            raise
        return []


def _is_set(rules: list[dict[str, Any]]) -> bool:
    """Compares the rule's effect; a store may write a prefix filter in the older form, and add fields."""
    for rule in rules:
        prefix = rule.get("Filter", {}).get("Prefix", rule.get("Prefix"))
        days = rule.get("Expiration", {}).get("Days")
        if (rule.get("ID"), rule.get("Status"), prefix, days) == (
            _RULE["ID"],
            "Enabled",
            PROFILES,
            PROFILE_DAYS,
        ):
            return True
    return False
