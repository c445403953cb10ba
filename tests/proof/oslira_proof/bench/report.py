"""The figures of `make bench` as lines for people: a table by number in flight, then what one run used."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

_NAMES: Final[Mapping[str, str]] = {"floor": "nats-py + asyncpg", "dbos": "DBOS", "ours": "Oslira"}
_COUNTS: Final = ("statements", "transactions", "wal_bytes", "messages_in", "messages_out")


def lines_of(found: Mapping[str, Any]) -> Iterator[str]:
    """All lines."""
    yield f"{found['cores']} cores, load {found['load_before']} before and {found['load_after']} after, {found['at']}"
    yield from _speeds(found)
    yield from _usage(found["ours"])
    for one in found.get("ledger", ()):
        yield (
            f"hold + settle, {one['accounts']:5} accounts: {one['ledger_ops_s']:,}/s, "
            f"bare pair {one['bare_ops_s']:,}/s, ratio {one['ratio']}"
        )


def _speeds(found: Mapping[str, Any]) -> Iterator[str]:
    yield f"{'':18} {'in flight':>9} {'runs/s':>7} {'p50 ms':>8} {'p99 ms':>8} {'accept p99':>10} {'ours/it':>8}"
    for key, name in _NAMES.items():
        for in_flight, figures in found.get(key, {}).items():
            ratio = found["ours"][in_flight]["runs_s"] / figures["runs_s"]
            yield (
                f"{name:18} {in_flight:>9} {figures['runs_s']:7.1f} {figures['p50_ms']:8.1f} {figures['p99_ms']:8.1f} "
                f"{figures['accept_p99_ms']:10.1f} {ratio:8.2f}"
            )


def _usage(ours: Mapping[str, Any]) -> Iterator[str]:
    processes = next(iter(ours.values()))["cpu_ms"]
    yield "processor time a run in ms, by number in flight"
    for process in processes:
        yield f"  {process:14}" + "".join(f"{one['cpu_ms'].get(process, 0):9.1f}" for one in ours.values())
    yield f"  {'all but sims':14}" + "".join(f"{one['cpu_ms_in_all']:9.1f}" for one in ours.values())
    yield "counts a run"
    for name in _COUNTS:
        yield f"  {name:14}" + "".join(f"{one[name]:9.1f}" for one in ours.values())
