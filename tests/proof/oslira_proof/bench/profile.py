"""`make profile`: flame graphs of the services under load, as SVG, by py-spy.

    .venv/bin/python -m oslira_proof.bench.profile [--in-flight 20] [--runs 400] [--out bench/results/profile]

py-spy attaches to running processes: as root, or with CAP_SYS_PTRACE.
"""

import argparse
import asyncio
import signal
import tempfile
from pathlib import Path
from typing import Final

from oslira_devstack.stack import Stack, StackConfig

from oslira_proof.bench.install import install
from oslira_proof.bench.runs import RunLoad

_PROCESSES: Final = ("analysis", "gateway", "credits", "webhooks")
_NO_LATENCY: Final = 100_000.0
_RATE_HZ: Final = 200
_WRITES_S: Final = 60.0


async def _profile(folder: Path, out: Path, *, in_flight: int, runs: int) -> None:
    py_spy = await install(folder / "py-spy", "py-spy==0.4.3") / "bin" / "py-spy"
    async with Stack(StackConfig(data_dir=folder / "stack", speed=_NO_LATENCY)) as stack:
        load = await RunLoad.of(stack, accounts=50)
        await load.run(in_flight=5, count=60)
        recorders = [
            await asyncio.create_subprocess_exec(
                str(py_spy), "record", "--rate", str(_RATE_HZ), "--format", "flamegraph",
                "--output", str(out / f"{name}.svg"), "--pid", str(stack.supervisor.processes[name].child.pid),
                stdout=asyncio.subprocess.DEVNULL,
            )
            for name in _PROCESSES
        ]  # fmt: skip
        print((await load.run(in_flight=in_flight, count=runs)).summary())
        for recorder in recorders:
            recorder.send_signal(signal.SIGINT)  # it writes what it has
            async with asyncio.timeout(_WRITES_S):
                await recorder.wait()
        await load.close()


def main() -> None:
    """Writes one SVG for each process."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--in-flight", type=int, default=20)
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--out", type=Path, default=Path("bench/results/profile"))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="oslira-bench-") as folder:
        Path(folder).chmod(0o711)  # where we are root, Postgres runs as another user
        profiling = _profile(Path(folder), arguments.out, in_flight=arguments.in_flight, runs=arguments.runs)
        asyncio.run(profiling)
    print(f"written to {arguments.out}")


if __name__ == "__main__":
    main()
