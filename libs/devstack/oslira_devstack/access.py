"""How a command in any terminal reaches the stack that runs on this data directory."""

from dataclasses import dataclass
from typing import Any

from oslira_devstack.credentials import Credentials
from oslira_devstack.datadir import DataDirectory, default_path


class NoStack(Exception):  # noqa: N818
    """No stack runs here."""


@dataclass(frozen=True, slots=True)
class Access:
    """Addresses and secrets of a running stack."""

    gateway_url: str
    billing_url: str
    postgres_port: int
    credentials: Credentials
    nats_port: int

    def nats_url(self, user: str) -> str:
        """With that user's password."""
        return f"nats://{user}:{self.credentials.nats[user]}@127.0.0.1:{self.nats_port}"

    def database_url(self, role: str) -> str:
        """With that service role's password."""
        password = self.credentials.postgres[role]
        return f"postgres://{role}:{password}@127.0.0.1:{self.postgres_port}/oslira"


def find_stack() -> Access:
    """The stack of OSLIRA_DATA_DIR or .oslira. Raises NoStack with what to do next."""
    data = DataDirectory(default_path())
    state = data.read_state()
    if state is None:
        raise NoStack(f"no stack runs on {data.path}; start one in another terminal: make up")
    return access_to(state, data.credentials())


def access_to(state: dict[str, Any], credentials: Credentials) -> Access:
    """From what a stack says of itself."""
    return Access(
        state["gateway_url"], state["billing_url"], state["postgres_port"], credentials, state["nats_port"]
    )
