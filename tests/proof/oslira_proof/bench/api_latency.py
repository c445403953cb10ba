"""The API's latency at 50 requests/s, open loop, on this machine.

.venv/bin/python -m oslira_proof.bench.api_latency [--per-s 50] [--for-s 30] [--volatile]
"""

import argparse
import asyncio
import os
import tempfile
from pathlib import Path

from oslira_devstack.stack import Stack, StackConfig

from oslira_proof.api_latency import measure


async def _main(per_s: float, for_s: float, *, durable: bool) -> None:
    with tempfile.TemporaryDirectory(prefix="oslira-bench-") as folder:
        # Postgres runs as another user where we are root.
        await asyncio.to_thread(Path(folder).chmod, 0o711)
        async with Stack(StackConfig(data_dir=Path(folder) / "stack", durable=durable)) as stack:
            found = await measure(stack, per_s=per_s, for_s=for_s)
    print(f"{per_s:g} requests/s, open loop, on {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for one in found:
        print(one.line())


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--per-s", type=float, default=50.0)
    parser.add_argument("--for-s", type=float, default=30.0)
    parser.add_argument("--volatile", action="store_true", help="as tests run: Postgres without fsync")
    arguments = parser.parse_args()
    asyncio.run(_main(arguments.per_s, arguments.for_s, durable=not arguments.volatile))
