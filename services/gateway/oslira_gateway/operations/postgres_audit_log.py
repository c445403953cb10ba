"""`identity.operator_acts`, as the service: operators belong to no account."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from oslira_shared.ids import new_id
from oslira_shared.postgres.clients import AdminClient

from oslira_gateway.operations.audit_log import OperatorAction

_BEGIN: Final = "insert into identity.operator_acts (id, actor, act, targets) values ($1, $2, $3, $4)"
_END: Final = (
    "update identity.operator_acts set outcome = $2, ended_at = now() where id = $1 and outcome is null"
)
_NEWEST: Final = """
select id, actor, act, targets, begun_at, outcome, ended_at from identity.operator_acts
 where $2::timestamptz is null or (begun_at, id) < ($2, $3::uuid)
 order by begun_at desc, id desc limit $1
"""


class PostgresAuditLog:
    """Implements AuditLog."""

    def __init__(self, client: AdminClient) -> None:
        self._client = client

    async def begin(self, actor: str, act: str, targets: Mapping[str, str]) -> UUID:
        act_id = new_id()
        async with self._client.connection() as connection:
            await connection.execute(_BEGIN, act_id, actor, act, dict(targets))
        return act_id

    async def end(self, act_id: UUID, outcome: str) -> None:
        async with self._client.connection() as connection:
            await connection.execute(_END, act_id, outcome)

    async def newest(self, *, limit: int, before: tuple[datetime, UUID] | None) -> Sequence[OperatorAction]:
        async with self._client.connection() as connection:
            rows = await connection.fetch(_NEWEST, limit, *(before or (None, None)))
        return [OperatorAction(*row) for row in rows]
