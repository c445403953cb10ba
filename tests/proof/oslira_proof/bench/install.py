"""Packages that only a benchmark needs, each in a folder of its own, outside the locked environment."""

import asyncio
import sys
from pathlib import Path


async def install(folder: Path, *packages: str) -> Path:
    """The folder, with the packages in it. Raises RuntimeError."""
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
        "--target", str(folder), *packages,
    )  # fmt: skip
    if await program.wait() != 0:
        raise RuntimeError(f"could not install {' '.join(packages)}")
    return folder
