"""AWS Secrets Manager: one secret for each variable, named `<prefix><VARIABLE>`."""

import threading
from typing import Any, Final

from oslira_shared.deadline import DeadlineExceeded, blocking_within
from oslira_shared.secrets.live import SecretsRefused, SecretsUnavailable

PREFIX: Final = "oslira/"
# For a whole call with its second attempt: boto's limits below are for one read.
_LIMIT_S: Final = 12.0
# It doesn't exist, or this service may not read it: both mean that the service works without it.
# Waiting does not help against these.
_WRONG_CREDENTIALS: Final = frozenset(
    {
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "IncompleteSignature",
    }
)
_NOT_OURS: Final = frozenset({"ResourceNotFoundException", "AccessDeniedException"})


class AwsVault:
    """Implements Vault. Credentials and endpoint (AWS_ENDPOINT_URL_SECRETS_MANAGER) are boto's own settings.

    `profile`: a separate profile, where AWS_ACCESS_KEY_ID in the environment belongs to another store. `region`: else boto's
    own, which ignores AWS_REGION. Raises ValueError, which names the setting, for an unknown profile or without a region.
    """

    def __init__(
        self,
        *,
        prefix: str = PREFIX,
        profile: str | None = None,
        region: str | None = None,
        endpoint_url: str | None = None,
    ) -> None:
        import boto3  # noqa: PLC0415  # a second of CPU, for those who need it
        from botocore.config import Config  # noqa: PLC0415
        from botocore.exceptions import BotoCoreError, NoRegionError, ProfileNotFound  # noqa: PLC0415

        limits = Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 2})
        try:
            self._client: Any = boto3.Session(profile_name=profile, region_name=region).client(
                "secretsmanager", config=limits, endpoint_url=endpoint_url
            )
        except NoRegionError:
            raise ValueError("AWS_REGION is missing: Secrets Manager is asked in a region") from None
        except ProfileNotFound:
            raise ValueError("SECRETS_AWS_PROFILE is not a profile of AWS's configuration file") from None
        except (BotoCoreError, ValueError):
            raise ValueError(
                "AWS_ENDPOINT_URL_SECRETS_MANAGER, or AWS's configuration, is not valid"
            ) from None
        self._prefix = prefix
        self._place = threading.Lock()

    def read(self, variable: str) -> str | None:
        from botocore.exceptions import (  # noqa: PLC0415
            BotoCoreError,
            ClientError,
            NoCredentialsError,
            PartialCredentialsError,
        )

        try:
            return self._get(f"{self._prefix}{variable}")
        except DeadlineExceeded:
            raise SecretsUnavailable(f"{variable}: no whole answer within {_LIMIT_S:g} s") from None
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", "ClientError"))
            if code in _NOT_OURS:
                return None
            if code in _WRONG_CREDENTIALS:
                raise SecretsRefused(f"AWS does not accept our credentials ({code})") from None
            raise SecretsUnavailable(f"{variable}: {code}") from None
        except (NoCredentialsError, PartialCredentialsError):
            raise SecretsRefused(
                "there are no credentials for AWS: give the process a role or keys"
            ) from None
        except BotoCoreError as error:
            raise SecretsUnavailable(f"{variable}: {type(error).__name__}") from None

    def _get(self, name: str) -> str | None:
        # One call at a time, including one that exceeded its limit: hung threads must not add up.
        if not self._place.acquire(timeout=_LIMIT_S):
            raise SecretsUnavailable(f"{name}: an earlier call still has no answer")

        def ask() -> str | None:
            try:
                return self._client.get_secret_value(SecretId=name).get("SecretString")
            finally:
                self._place.release()

        return blocking_within(_LIMIT_S, ask, call="secrets")
