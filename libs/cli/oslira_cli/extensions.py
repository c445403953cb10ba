"""What other installed packages add to the command: commands of their own, and the stack that runs on this machine."""

from importlib.metadata import entry_points
from typing import Final, Protocol

import typer

_GROUP: Final = "oslira.extensions"


class NoDeployment(Exception):  # noqa: N818
    """The deployment or its credentials are unknown; the message says what to do."""


class LocalStack(Protocol):
    """A stack that runs on this machine, and the credentials of its developer."""

    @property
    def gateway_url(self) -> str:
        """The API."""
        ...

    @property
    def admin_url(self) -> str:
        """The gateway's internal port."""
        ...

    @property
    def operator_secret(self) -> str:
        """Signs operators' tokens."""
        ...

    async def token_of(self, email: str) -> str:
        """A token of this development user, who is created if they are new."""
        ...


class Extension(Protocol):
    """A package that adds to the command, by the entry point group `oslira.extensions`."""

    def add_commands(self, app: typer.Typer) -> None:
        """Add commands. Imports nothing slow."""
        ...

    def find_stack(self) -> LocalStack:
        """The stack that runs here. Raises NoDeployment when none does."""
        ...


_added: list[Extension] = []


def use(*extensions: Extension) -> None:
    """Use these instead of those that entry points name."""
    _added[:] = extensions


def in_use() -> list[Extension]:
    """Those that were given, or those that are installed."""
    return _added or [found.load() for found in entry_points(group=_GROUP)]


def find_stack() -> LocalStack:
    """The stack that runs on this machine. Raises NoDeployment."""
    reason = NoDeployment("which deployment is meant? Set --url and --token")
    for extension in in_use():
        try:
            return extension.find_stack()
        except NoDeployment as error:
            reason = error
    raise reason
