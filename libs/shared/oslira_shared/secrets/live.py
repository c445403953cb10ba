"""The current values of secrets, for code that must read them again."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final, Protocol, TypeAlias

import structlog

_LOG = structlog.get_logger()
REFRESH_EVERY_S: Final = 300.0
# A secret's current value. Call it each time; keep the callable, not the value.
Secret: TypeAlias = Callable[[], str]


class SecretsUnavailable(Exception):  # noqa: N818
    """The vault is unreachable, and no earlier value is known. The message holds no value."""


class SecretsRefused(SecretsUnavailable):
    """The vault doesn't accept our credentials: waiting does not help."""


class Vault(Protocol):
    """A store of secrets, by the name of the variable that would hold them."""

    def read(self, variable: str) -> str | None:
        """The current value; None: it does not exist, or this service may not read it.

        Blocks: for a thread. Raises SecretsUnavailable.
        """
        ...


class LiveSecrets:
    """The values that a vault returned at start, updated by `refresh`. Without a vault nothing ever changes."""

    def __init__(
        self,
        vault: Vault | None = None,
        values: Mapping[str, str] | None = None,
        *,
        refresh_every_s: float = REFRESH_EVERY_S,
        is_valid: Callable[[str, str], bool] = lambda _variable, _value: True,
    ) -> None:
        """`is_valid(variable, value)`: whether a start would accept the value. One that it would refuse is not taken later."""
        self.refresh_every_s = refresh_every_s
        self._vault = vault
        self._is_valid = is_valid
        self._values = dict(values or {})

    @property
    def may_change(self) -> bool:
        """Whether there is anything to refresh."""
        return self._vault is not None and bool(self._values)

    def get(self, variable: str) -> str | None:
        """The newest value known; None if the vault never gave one."""
        return self._values.get(variable)

    async def refresh(self) -> None:
        """Read each value again. A value that cannot be read stays."""
        for variable in list(self._values):
            await self.refresh_one(variable)

    async def refresh_one(self, variable: str) -> None:
        """Read one value again, if it came from the vault. It stays where it cannot be read."""
        if self._vault is None or variable not in self._values:
            return
        try:
            value = await asyncio.to_thread(self._vault.read, variable)
        except SecretsUnavailable as error:
            _LOG.warning("secret_not_refreshed", variable=variable, reason=str(error))
            return
        if value and value != self._values[variable]:
            if not self._is_valid(variable, value):
                _LOG.error("secret_not_refreshed", variable=variable, reason="the new value is not valid")
                return
            self._values[variable] = value
            _LOG.info("secret_rotated", variable=variable)
