"""Loads settings, or ends the process with 78 and one line for each setting that is wrong; never with a value."""

import os
import sys
import warnings
from typing import Any, ClassVar, Literal, NoReturn, TypeVar

from pydantic import DirectoryPath, Field, ValidationError
from pydantic_settings import SettingsError

from oslira_shared.secrets import LiveSecrets
from oslira_shared.secrets.aws import PREFIX, AwsVault
from oslira_shared.secrets.directory import SecretsDirectory
from oslira_shared.secrets.live import REFRESH_EVERY_S, SecretsRefused, SecretsUnavailable
from oslira_shared.settings.base import ELSEWHERE, Settings, is_secret, variable
from oslira_shared.settings.values import Region

EX_CONFIG = 78
EX_TEMPFAIL = 75
SettingsT = TypeVar("SettingsT", bound=Settings)


class SecretsSource(Settings):
    """Where secrets come from: read before all other settings."""

    service: ClassVar[str] = "secrets"

    secrets_provider: Literal["env", "aws"] = Field(default="env", validation_alias="SECRETS_PROVIDER")
    """`env`: the environment, or SECRETS_DIR. `aws`: AWS Secrets Manager, for what the environment lacks."""
    secrets_dir: DirectoryPath | None = Field(default=None, validation_alias="SECRETS_DIR")
    """Folder with one file for each secret, named like its variable. With `env` only."""
    secrets_prefix: str = Field(default=PREFIX, max_length=400, validation_alias="SECRETS_PREFIX")
    """What the names of secrets in Secrets Manager begin with."""
    secrets_aws_profile: str | None = Field(default=None, validation_alias="SECRETS_AWS_PROFILE")
    """Profile of AWS for Secrets Manager, where AWS_ACCESS_KEY_ID is the bucket's."""
    secrets_cache_s: float = Field(
        default=REFRESH_EVERY_S, ge=1, le=86_400, validation_alias="SECRETS_CACHE_S"
    )
    """How often secrets are read again while a service runs."""
    aws_region: Region | None = Field(default=None, validation_alias="AWS_REGION")
    """AWS's region: of Secrets Manager, and of the bucket. AWS_DEFAULT_REGION is taken where it is not set."""

    def _contradictions(self) -> list[str]:
        faults = super()._contradictions()
        if self.secrets_provider == "aws" and self.secrets_dir is not None:
            faults.append("SECRETS_DIR is not read with SECRETS_PROVIDER=aws: set one of them")
        return faults


def load_settings(kind: type[SettingsT]) -> SettingsT:
    """The settings. Ends the process with 78 (EX_CONFIG), or with 75 (EX_TEMPFAIL) while secrets can't be read."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a warning would be a second line
        try:
            source = SecretsSource()  # pyright: ignore[reportCallIssue]  # from the environment
            return (_from_aws if source.secrets_provider == "aws" else _from_environment)(kind, source)
        except SecretsRefused as error:
            refuse(kind.service, f"SECRETS_PROVIDER=aws: {error}")
        except SecretsUnavailable as error:
            refuse(kind.service, f"its secrets can't be read: {error}", status=EX_TEMPFAIL)
        except SettingsError as error:
            refuse(kind.service, f"{_named(kind, str(error))} is not valid JSON")
        except ValidationError as error:
            _refuse_all(kind.service, error)


def _from_environment(kind: type[SettingsT], source: SecretsSource) -> SettingsT:
    settings = kind(_secrets_dir=source.secrets_dir)  # pyright: ignore[reportCallIssue]  # from the environment
    if source.secrets_dir is not None:
        vault = SecretsDirectory(source.secrets_dir)
        asked = [variable(kind, name) for name, field in kind.model_fields.items() if is_secret(field)]
        values = {name: value for name in asked if not os.environ.get(name) and (value := vault.read(name))}
        settings._live = LiveSecrets(vault, values, **_live_options(settings, source))  # noqa: SLF001
    return settings


def _from_aws(kind: type[SettingsT], source: SecretsSource) -> SettingsT:
    """Reads from the vault what the environment doesn't hold; what the vault doesn't return is missing."""
    try:
        vault = AwsVault(
            prefix=source.secrets_prefix, profile=source.secrets_aws_profile, region=source.aws_region
        )
    except ValueError as error:
        refuse(kind.service, str(error))
    asked = [variable(kind, name) for name, field in kind.model_fields.items() if is_secret(field)]
    # What the environment says is elsewhere may be in our own vault: its policy decides who gets it.
    wanted = [name for name in asked if os.environ.get(name, "") in {"", ELSEWHERE}]
    values = {name: value for name in wanted if (value := vault.read(name))}
    given: dict[str, Any] = dict(values)
    settings = kind(**given)
    settings._live = LiveSecrets(vault, values, **_live_options(settings, source))  # noqa: SLF001
    return settings


def _live_options(settings: Settings, source: SecretsSource) -> dict[str, Any]:
    kind: Any = type(settings)
    current = {variable(kind, name): getattr(settings, name) for name in kind.model_fields}

    def is_valid(name: str, value: str) -> bool:
        try:
            kind(**{**current, name: value})
        except ValidationError:
            return False
        return True

    return {"refresh_every_s": source.secrets_cache_s, "is_valid": is_valid}


def refuse(service: str, reason: str, *, status: int = EX_CONFIG) -> NoReturn:
    """One line on standard error, and the end of the process."""
    print(f"{service} cannot start: {reason}", file=sys.stderr)  # noqa: T201
    raise SystemExit(status)


def _refuse_all(service: str, error: ValidationError) -> NoReturn:
    lines: dict[str, str] = {}
    for problem in error.errors(include_url=False, include_input=False):
        where = ".".join(map(str, problem["loc"]))
        text = str(problem.get("ctx", {}).get("error", problem["msg"]))
        if not where:
            lines |= {line: line for line in text.split("; ")}
        else:
            # A value that may be one of several types has an error for each: the first is enough.
            lines.setdefault(str(problem["loc"][0]), f"{where}: {text}")
    for line in lines.values():
        print(f"{service} cannot start: {line}", file=sys.stderr)  # noqa: T201
    raise SystemExit(EX_CONFIG)


def _named(kind: type[Settings], message: str) -> str:
    """The variable of the field that pydantic-settings names."""
    names = (name for name in kind.model_fields if f'"{name}"' in message)
    return next((variable(kind, name) for name in names), "a setting")
