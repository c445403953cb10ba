"""Ready means migrated: what this version reads has to be there, analysis's part included."""

from typing import Final

from oslira_shared.postgres.clients import Pool

_MISSING: Final = """
select name from unnest(array['identity.idempotency', 'identity.business_profiles', 'analysis.run_view']) as name
 where to_regclass(name) is null
"""


class SchemaCheck:
    """A check of /health/ready. As the service: it reads names of relations, nobody's rows."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def __call__(self) -> str:
        """`ok`, or which relation is missing."""
        missing = await self._pool.fetch(_MISSING)
        return f"missing: {', '.join(row['name'] for row in missing)}" if missing else "ok"
