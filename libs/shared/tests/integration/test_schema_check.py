"""A service is not ready on a database that its migrations have not reached."""

from oslira_devstack.databases import Database
from oslira_shared.postgres.clients import open_pool
from oslira_shared.postgres.schema_check import SchemaCheck


async def test_what_is_missing_is_named(module_database: Database) -> None:
    pool = await open_pool(module_database.url("credits_service"), service="credits", min_size=1)
    try:
        assert await SchemaCheck(pool, "credits.transfers", "credits.notices")() == "ok"
        found = await SchemaCheck(pool, "credits.transfers", "credits.later", "credits.much_later")()
    finally:
        await pool.close()
    assert found == "missing: credits.later, credits.much_later"
