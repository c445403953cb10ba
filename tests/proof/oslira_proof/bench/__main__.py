"""`make bench`: the floor, DBOS and Oslira on the same work, in one run, on servers of its own; then the ledger.

.venv/bin/python -m oslira_proof.bench [--in-flight 1,20,50,200] [--runs 600] [--no-dbos] [--out bench/results]
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from oslira_devstack.credentials import MIGRATOR, TESTER, Credentials
from oslira_devstack.servers.choose import ServerFactory
from oslira_devstack.stack import Stack, StackConfig

from oslira_proof.bench import ledger
from oslira_proof.bench.compared import Terms, terms_json
from oslira_proof.bench.install import install
from oslira_proof.bench.report import lines_of
from oslira_proof.bench.runs import RunLoad
from oslira_proof.bench.usage import Meter

_ACCOUNTS: Final = 50
# The simulators answer at once.
_NO_LATENCY: Final = 100_000.0
_QUIET_S: Final = 3.0
_MOST_PROGRAM_S: Final = 300
_TOP_STATEMENTS: Final = 25


def _runs_at(in_flight: int, runs: int) -> int:
    """One at a time says little more after a hundred."""
    return max(1, runs // 6) if in_flight == 1 else runs


async def _ours(stack: Stack, levels: list[tuple[int, int]]) -> dict[str, Any]:
    load, meter = await RunLoad.of(stack, accounts=_ACCOUNTS), await Meter.of(stack)
    found: dict[str, Any] = {}
    await load.run(in_flight=5, count=60)  # pools, caches and connections fill before anything counts
    for in_flight, count in levels:
        await meter.forget_statements()
        before = await meter.read()
        figures = (await load.run(in_flight=in_flight, count=count)).summary()
        await asyncio.sleep(_QUIET_S)  # settlements and progress of the last runs belong to them
        used = (await meter.read()).since(before).of_runs(count)
        found[str(in_flight)] = {
            **figures,
            "cpu_ms": used.cpu_ms,
            "cpu_ms_in_all": round(used.cpu_of("simulators"), 1),
            "statements": used.statements,
            "transactions": used.transactions,
            "wal_bytes": used.wal_bytes,
            "messages_in": used.messages_in,
            "messages_out": used.messages_out,
            "top_statements": await meter.top_statements(_TOP_STATEMENTS),
        }
    await meter.close()
    await load.close()
    return found


async def _compare(stack: Stack, what: str, levels: list[tuple[int, int]], *, also_in: Path | None) -> Any:
    """Runs compared.py against the stack's servers, beside idle services, with a NATS of its own (ours grants no such streams)."""
    factory = ServerFactory(
        stack.data.path / "compared", logs=stack.data.logs, credentials=stack.credentials, durable=False
    )
    bus = factory.nats()
    await bus.start()
    try:
        terms = Terms(
            database_url=stack.servers.postgres.url(MIGRATOR),
            nats_url=bus.url(TESTER),
            addresses={
                "simulators_url": stack.simulators_url,
                "s3_url": stack.servers.s3.endpoint_url,
                "s3_bucket": stack.servers.s3.bucket,
            },
            levels=levels,
        )
        environment = {
            **os.environ,
            "AWS_ACCESS_KEY_ID": stack.credentials.s3_access_key,
            "AWS_SECRET_ACCESS_KEY": stack.credentials.s3_secret_key,
            "AWS_REGION": "us-east-1",
        }
        program = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "oslira_proof.bench.compared", what, str(also_in or ""),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env=environment,
        )  # fmt: skip
        try:
            async with asyncio.timeout(_MOST_PROGRAM_S):
                output, _ = await program.communicate(terms_json(terms))
        finally:
            if program.returncode is None:
                program.kill()
        if program.returncode != 0:
            raise RuntimeError(f"{what} ended with {program.returncode}")
        return json.loads(output.splitlines()[-1])
    finally:
        await bus.discard()


async def _measure(arguments: argparse.Namespace, data: Path) -> dict[str, Any]:
    levels = [(int(n), _runs_at(int(n), arguments.runs)) for n in arguments.in_flight.split(",")]
    found: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
    }
    started = time.monotonic()
    config = StackConfig(data_dir=data / "stack", speed=_NO_LATENCY, is_measured=True)
    async with Stack(config) as stack:
        found["ours"] = await _ours(stack, levels)
        found["floor"] = await _compare(stack, "floor", levels, also_in=None)
        if not arguments.no_dbos:
            also_in = await install(data / "dbos", "dbos==3.4.0", "psycopg[binary]")
            found["dbos"] = await _compare(stack, "dbos", levels, also_in=also_in)
    if not arguments.no_ledger:
        found["ledger"] = [
            {"accounts": one.accounts, "ledger_ops_s": round(one.ledger_ops_s),
             "bare_ops_s": round(one.bare_ops_s), "ratio": round(1 / one.ratio, 3)}
            for one in await ledger.measure_alone(data / "ledger", Credentials())
        ]  # fmt: skip
    found["load_after"] = round(os.getloadavg()[0], 2)
    found["took_s"] = round(time.monotonic() - started)
    return found


def main() -> None:
    """Prints the figures, and keeps them as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--in-flight", default="1,20,50,200")
    parser.add_argument("--runs", type=int, default=600, help="at each number in flight")
    parser.add_argument("--no-dbos", action="store_true", help="it is installed from the package registry")
    parser.add_argument("--no-ledger", action="store_true")
    parser.add_argument("--out", type=Path, default=Path("bench/results"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="oslira-bench-") as folder:
        Path(folder).chmod(0o711)  # where we are root, Postgres runs as another user
        found = asyncio.run(_measure(arguments, Path(folder)))
    print("\n".join(lines_of(found)))
    arguments.out.mkdir(parents=True, exist_ok=True)
    file = arguments.out / f"{found['at'].replace(':', '').replace('+0000', 'Z')}.json"
    file.write_text(json.dumps(found, indent=1) + "\n")
    print(f"written to {file}")


if __name__ == "__main__":
    main()
