"""Readiness requires the migrations: the relations of this version must exist."""

from typing import Final

from oslira_shared.postgres.clients import Pool

_MISSING: Final = "select name from unnest($1::text[]) as name where to_regclass(name) is null"


class SchemaCheck:
    """A check of /health/ready. As the service: it reads the names of relations, no rows."""

    def __init__(self, pool: Pool, *relations: str) -> None:
        """`relations`: one of each migration that this version needs, the newest among them."""
        self._pool = pool
        self._relations = relations

    async def __call__(self) -> str:
        """`ok`, or which relation is missing."""
        missing = await self._pool.fetch(_MISSING, list(self._relations))
        return f"missing: {', '.join(row['name'] for row in missing)}" if missing else "ok"
