"""Here the ledger is the one in Postgres."""

import pytest
from oslira_credits.infrastructure.postgres import PostgresLedger


@pytest.fixture
def ledger(postgres_ledger: PostgresLedger) -> PostgresLedger:
    return postgres_ledger
