"""The ledger under many concurrent connections, driven by oslira_proof.bench.ledger, stays consistent."""

import asyncio
import json
import sys
from typing import Final

import pytest
from oslira_devstack.databases import Database

_BENCH: Final = "oslira_proof.bench.ledger"


async def _run(database: Database, *, connections: int, operations: int, accounts: int) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", _BENCH, "--json", "--url", database.url("credits_service"),
        "--admin-url", database.admin_url, "--connections", str(connections), "--operations", str(operations),
        "--accounts", str(accounts),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    hot, spread = json.loads(output)
    for one in (hot, spread):
        assert one["operations"] >= connections * operations
        assert (one["negative_balances"], one["entries_sum"], one["differences"]) == (0, 0, 0)
        print(  # noqa: T201  # the figures
            f"\n{one['accounts']} accounts, {one['operations']} operations by {connections} connections:"
            f" ledger {one['ledger_ops_s']:,.0f}/s, bare {one['bare_ops_s']:,.0f}/s,"
            f" ratio 1:{one['bare_ops_s'] / one['ledger_ops_s']:.1f}"
        )


async def test_the_ledger_adds_up_under_load(database: Database) -> None:
    await _run(database, connections=8, operations=40, accounts=40)


@pytest.mark.campaign
async def test_the_ledger_adds_up_under_full_load(database: Database) -> None:
    await _run(database, connections=32, operations=1000, accounts=1000)
