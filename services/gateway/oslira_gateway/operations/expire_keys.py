"""Idempotency keys live 24 hours; what has expired goes after another day, a batch at a time."""

from typing import Final

from oslira_shared.postgres.clients import AdminClient

# The grace keeps generations known while a late repetition may still come.
_EXPIRE: Final = """
delete from identity.idempotency
 where (account_id, key) in (select account_id, key from identity.idempotency
                              where expires_at < now() - interval '24 hours' limit 1000 for update skip locked)
"""


class ExpireKeys:
    """System work, for all accounts: hence the service's own client."""

    def __init__(self, client: AdminClient) -> None:
        self._client = client

    async def __call__(self) -> None:
        """Delete one batch."""
        async with self._client.connection() as connection:
            await connection.execute(_EXPIRE)
