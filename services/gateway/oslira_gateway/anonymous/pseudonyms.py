"""Names and networks as keyed hashes: alike stays alike, and without the key nobody can try names until one fits."""

import hmac

from oslira_gateway.http.client_address import Network


class Pseudonyms:
    """Keys of its own, derived from the gateway's secret: they change with it."""

    def __init__(self, secret: str) -> None:
        self._names = hmac.digest(secret.encode(), b"oslira anonymous names v1", "sha256")
        self._networks = hmac.digest(secret.encode(), b"oslira anonymous networks v1", "sha256")

    def of_name(self, username: str) -> str:
        """Of a normalised name: what stays of it when its run is forgotten."""
        return hmac.digest(self._names, username.encode(), "sha256").hex()

    def of_network(self, network: Network) -> str:
        """What uses are counted by."""
        return hmac.digest(self._networks, str(network).encode(), "sha256").hex()
