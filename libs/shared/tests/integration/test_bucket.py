"""The bucket deletes profiles after two days: the rule is set by provisioning, read back, and required."""

import asyncio
from typing import Any

import pytest
from oslira_devstack.testing import Bucket
from oslira_shared.bucket import bucket_client, expire_profiles
from oslira_shared.errors import OsliraError
from oslira_shared.provision import WrongSetting, provision
from oslira_shared.settings.provision import ProvisionSettings

THEIRS = {"ID": "theirs", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 9}}


@pytest.fixture
def variables(bucket: Bucket) -> dict[str, str]:
    return {
        "S3_BUCKET": bucket.name,
        "S3_ENDPOINT_URL": bucket.endpoint_url,
        "AWS_ACCESS_KEY_ID": bucket.access_key,
        "AWS_SECRET_ACCESS_KEY": bucket.secret_key,
    }


def _settings(variables: dict[str, str]) -> ProvisionSettings:
    return ProvisionSettings.model_validate({"OSLIRA_ENV": "development", **variables})


def _client(variables: dict[str, str]) -> Any:
    return bucket_client(variables["S3_ENDPOINT_URL"], _settings(variables).bucket_access)


def _rules(client: Any, bucket: str) -> dict[str, tuple[str, int]]:
    rules = client.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    return {rule["Filter"]["Prefix"]: (rule["Status"], rule["Expiration"]["Days"]) for rule in rules}


async def test_provisioning_sets_the_rule_mends_it_and_leaves_others_alone(variables: dict[str, str]) -> None:
    name = variables["S3_BUCKET"]
    client = await asyncio.to_thread(_client, variables)
    assert await provision(_settings(variables)) == ["bucket provisioned"]
    assert _rules(client, name) == {"profiles/": ("Enabled", 2)}
    longer = {"ID": "oslira-profiles", "Filter": {"Prefix": "profiles/"}, "Expiration": {"Days": 30}}
    for spoiled in (
        {**longer, "Status": "Enabled"},
        {**longer, "Status": "Disabled", "Expiration": {"Days": 2}},
    ):
        client.put_bucket_lifecycle_configuration(
            Bucket=name, LifecycleConfiguration={"Rules": [THEIRS, spoiled]}
        )
        await provision(_settings(variables))
        assert _rules(client, name) == {"logs/": ("Enabled", 9), "profiles/": ("Enabled", 2)}
    client.close()


class Forgetful:
    """A store that takes every rule and keeps none."""

    def __init__(self, client: Any) -> None:
        self.exceptions = client.exceptions
        self.get_bucket_lifecycle_configuration = client.get_bucket_lifecycle_configuration

    def put_bucket_lifecycle_configuration(self, **_: Any) -> None:
        """Says yes."""


async def test_a_store_that_keeps_no_rule_and_a_bucket_that_isnt_there_stop_provisioning(
    variables: dict[str, str],
) -> None:
    client = await asyncio.to_thread(_client, variables)
    with pytest.raises(
        OsliraError, match="took the rule that profiles/ expires after 2 days, and doesn't have it"
    ):
        expire_profiles(Forgetful(client), variables["S3_BUCKET"])
    client.close()
    with pytest.raises(WrongSetting, match=r"S3_BUCKET: its lifecycle can't be set: NoSuchBucket"):
        await provision(_settings({**variables, "S3_BUCKET": "nowhere-at-all"}))
