"""An engine in a process of its own that kills itself, as SIGKILL does, at the n-th time it touches anything outside.

A touch is each side of each call of a port: before and after every commit, publish and provider request.
"""

import asyncio
import functools
import inspect
import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from oslira_analysis.bootstrap import build
from oslira_analysis.infrastructure.bus.announcer import NatsAnnouncer
from oslira_analysis.infrastructure.models.anthropic_models import AnthropicModels
from oslira_analysis.infrastructure.models.openai_models import OpenAIModels
from oslira_analysis.infrastructure.postgres.calls import PostgresCalls
from oslira_analysis.infrastructure.postgres.drafts import PostgresDrafts
from oslira_analysis.infrastructure.postgres.endings import PostgresEndings
from oslira_analysis.infrastructure.postgres.queue import PostgresQueue
from oslira_analysis.infrastructure.postgres.runs import PostgresRuns
from oslira_analysis.infrastructure.postgres.scrapes import PostgresScrapes
from oslira_analysis.infrastructure.postgres.suppressions import PostgresSuppressions
from oslira_analysis.infrastructure.scraping.apify import ApifyScraper
from oslira_analysis.infrastructure.scraping.s3_profiles import S3Profiles
from oslira_analysis.settings import AnalysisSettings
from oslira_shared.postgres.clients import open_pool
from oslira_shared.runtime import Runtime

_ADAPTERS: Final = (
    NatsAnnouncer,
    PostgresCalls,
    PostgresDrafts,
    PostgresEndings,
    PostgresQueue,
    PostgresRuns,
    PostgresScrapes,
    PostgresSuppressions,
    S3Profiles,
    ApifyScraper,
    OpenAIModels,
    AnthropicModels,
)


class _Touches:
    def __init__(self, kill_at: int | str, told: Any) -> None:
        self._kill_at = kill_at
        self._told = told
        self._count = 0

    def touch(self, where: str) -> None:
        self._count += 1
        self._told.send((self._count, where))
        if self._kill_at in (self._count, where):
            os.kill(os.getpid(), signal.SIGKILL)

    def count_calls_of(self, adapter: type) -> None:
        """From here on, in this process."""
        for name, method in inspect.getmembers(adapter, inspect.iscoroutinefunction):
            if not name.startswith("_"):
                setattr(adapter, name, self._counted(name, method))

    def _counted(self, name: str, method: Any) -> Any:
        @functools.wraps(method)
        async def call(*args: Any, **kwargs: Any) -> Any:
            self.touch(f"before {name}")
            answer = await method(*args, **kwargs)
            self.touch(f"after {name}")
            return answer

        return call


class EngineProcess:
    """Started at once; `touches` are those it reported before it was killed."""

    def __init__(
        self, environment: Mapping[str, str], *, kill_at: int | str = 0, log: Path | None = None
    ) -> None:
        """`kill_at`: the number of a touch, or its name, as "after abort".

        `log` takes what it prints, which otherwise is printed here.
        """
        context = multiprocessing.get_context("forkserver")
        # The modules are loaded once, in the process that the engines are forked from, which finds them by this path.
        os.environ["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        context.set_forkserver_preload(["oslira_proof.promises.preloaded_engine"])
        self._heard, told = context.Pipe(duplex=False)
        self._process = context.Process(
            target=_run, args=(dict(environment), kill_at, told, log), daemon=True
        )
        self._process.start()
        told.close()
        self._touches: list[tuple[int, str]] = []

    @property
    def has_died(self) -> bool:
        return self._process.exitcode is not None

    @property
    def exit_code(self) -> int | None:
        return self._process.exitcode

    def touches(self) -> list[tuple[int, str]]:
        try:
            while self._heard.poll():
                self._touches.append(self._heard.recv())
        except EOFError:
            pass
        return self._touches

    async def has_touched(self, count: int) -> bool:
        return len(self.touches()) >= count

    async def died(self) -> bool:
        return self.has_died

    def kill(self) -> None:
        self._process.kill()
        self._process.join(10)


def _run(environment: dict[str, str], kill_at: int | str, told: Any, log: Path | None) -> None:
    if log is not None:
        with log.open("ab") as file:
            for stream in (1, 2):
                os.dup2(file.fileno(), stream)
    os.environ.update(environment)
    settings = AnalysisSettings()  # pyright: ignore[reportCallIssue]  # from the environment
    asyncio.run(_live(settings, _Touches(kill_at, told)))


async def _live(settings: AnalysisSettings, touches: _Touches) -> None:
    pool = await open_pool(settings.database_url.get_secret_value(), service="analysis", max_size=10)
    runtime = Runtime(settings, pool)
    for adapter in _ADAPTERS:
        touches.count_calls_of(adapter)
    await build(runtime, settings)
    await runtime.live()
