"""Give an endpoint a new secret; for a day both sign, so that a receiver can switch without losing an event."""

from dataclasses import dataclass
from uuid import UUID

from oslira_gateway.identity.caller import Member
from oslira_gateway.webhooks.ports import Endpoint, Endpoints
from oslira_gateway.webhooks.signing_secret import OVERLAP_S, Keyring, RandomBytes, make_secret


@dataclass(frozen=True, slots=True)
class RotateSecret:
    """One use case."""

    endpoints: Endpoints
    keyring: Keyring
    random_bytes: RandomBytes

    async def __call__(self, member: Member, endpoint_id: UUID) -> tuple[Endpoint, str]:
        """The endpoint and its new secret. Raises webhook_endpoint_not_found."""
        secret = make_secret(self.random_bytes)
        sealed = self.keyring.seal(secret, endpoint_id)
        return await self.endpoints.replace_secret(member, endpoint_id, sealed, overlap_s=OVERLAP_S), secret
