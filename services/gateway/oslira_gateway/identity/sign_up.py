"""Sign-up at the first request of a user with a verified address: a personal account and its trial."""

import hmac
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Final
from uuid import UUID

from oslira_gateway.identity.caller import Caller
from oslira_gateway.identity.mailbox import domain_key, mailbox_of
from oslira_gateway.identity.ports import SignUps
from oslira_gateway.identity.start_trial import StartTrial

# The network of one customer of a provider counts as one.
_IPV4_PREFIX: Final = 24
_IPV6_PREFIX: Final = 48


def network_key(secret: str, network: IPv4Network | IPv6Network) -> str:
    """The key of a network in the counting rows: a keyed hash, from which the address cannot be computed.

    Of IPv6 the /48: a customer of most providers has one, and with it 65,536 of the /64 that other limits count by. Of IPv4 the /24.
    """
    prefix = _IPV6_PREFIX if isinstance(network, IPv6Network) else _IPV4_PREFIX
    if network.prefixlen > prefix:
        network = network.supernet(new_prefix=prefix)
    key = hmac.digest(secret.encode(), b"oslira sign-up network v1", "sha256")
    return hmac.digest(key, str(network).encode(), "sha256").hex()


@dataclass(frozen=True, slots=True)
class SignUp:
    """Inserts user, personal account and membership in one transaction, then requests the trial. The sweep retries that."""

    sign_ups: SignUps
    start_trial: StartTrial
    secret: str

    async def __call__(self, caller: Caller, network: IPv4Network | IPv6Network) -> UUID | None:
        """The new account; None for anonymous and unconfirmed users, and for a known user."""
        if not caller.is_confirmed:
            return None
        mailbox = mailbox_of(caller.email or "")
        mail_host = None if mailbox.is_at_known_host else domain_key(self.secret, mailbox.domain)
        account_id = await self.sign_ups.register(caller, network_key(self.secret, network), mail_host)
        if account_id is not None:
            await self.start_trial(account_id)
        return account_id
