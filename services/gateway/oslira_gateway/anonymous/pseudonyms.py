"""Keyed hashes of usernames and networks: equal inputs have equal hashes, and without the key they cannot be guessed."""

import hmac

from oslira_gateway.http.client_address import Network


class Pseudonyms:
    """Keys of its own, derived from the gateway's secret: they change with it."""

    def __init__(self, secret: str) -> None:
        self._names = hmac.digest(secret.encode(), b"oslira anonymous names v1", "sha256")
        self._networks = hmac.digest(secret.encode(), b"oslira anonymous networks v1", "sha256")

    def of_name(self, username: str) -> str:
        """Of a normalised username; it is kept after the run is deleted."""
        return hmac.digest(self._names, username.encode(), "sha256").hex()

    def of_network(self, network: Network) -> str:
        """The key that orders are counted by."""
        return hmac.digest(self._networks, str(network).encode(), "sha256").hex()
