"""Actor runs as Apify stores them. Their state follows from the clock, so no timer is needed."""

import math
import secrets
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

USD_PER_PROFILE = 0.0026
_KEPT_RUNS = 20_000
_ID_ALPHABET = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
READY_SHARE = 0.05  # of its duration a run waits for its container


def new_id() -> str:
    return "".join(secrets.choice(_ID_ALPHABET) for _ in range(17))


def iso(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(slots=True)
class ActorRun:
    """Times are Unix seconds. `ends_as` is the state at `ends_at_s` unless the run is aborted before.

    `spent_usd` is its cost in addition to its profiles; before `readable_at_s` it isn't found.
    """

    actor: str
    usernames: tuple[str, ...]
    input_body: bytes
    input_type: str
    items: list[dict[str, Any]]
    started_at_s: float
    running_at_s: float
    ends_at_s: float
    ends_as: str
    timeout_s: int
    memory_mbytes: int
    max_items: int | None
    max_charge_usd: float | None
    user_agent: str
    spent_usd: float = 0.0
    readable_at_s: float = 0.0
    abort_takes_s: float = 0.0
    is_aborting: bool = False
    id: str = field(default_factory=new_id)
    store_id: str = field(default_factory=new_id)
    dataset_id: str = field(default_factory=new_id)
    queue_id: str = field(default_factory=new_id)
    build_id: str = "simulated0build01"

    def status(self, now_s: float) -> str:
        if now_s >= self.ends_at_s:
            return self.ends_as
        if self.is_aborting:
            return "ABORTING"
        return "READY" if now_s < self.running_at_s else "RUNNING"

    def is_over(self, now_s: float) -> bool:
        return now_s >= self.ends_at_s

    def never_end(self, *, is_ready_only: bool, abort_takes_s: float) -> None:
        """Only an abort ends it, and its time limit doesn't."""
        self.ends_at_s = math.inf
        self.abort_takes_s = abort_takes_s
        if is_ready_only:
            self.running_at_s = math.inf

    def abort(self, now_s: float) -> bool:
        """False when the run was over or aborting already."""
        if self.is_over(now_s) or self.is_aborting:
            return False
        self.is_aborting = True
        self.ends_at_s, self.ends_as = now_s + self.abort_takes_s, "ABORTED"
        return True

    def results(self, now_s: float) -> list[dict[str, Any]]:
        """What its dataset holds: nothing before it succeeded."""
        return self.items if self.status(now_s) == "SUCCEEDED" else []

    def usage_usd(self, now_s: float) -> float:
        """Per profile delivered; an error item is free."""
        profiles = sum("error" not in item for item in self.results(now_s))
        return round(profiles * USD_PER_PROFILE + self.spent_usd, 6)

    def summary(self, now_s: float) -> dict[str, Any]:
        """As in a list of runs: without input, statistics and options."""
        return {
            "id": self.id,
            "actId": self.actor,
            "userId": "simulatedUser0001",
            "startedAt": iso(self.started_at_s),
            "finishedAt": iso(self.ends_at_s) if self.is_over(now_s) else None,
            "status": self.status(now_s),
            "meta": {"origin": "API", "clientIp": "127.0.0.1", "userAgent": self.user_agent},
            "buildId": self.build_id,
            "buildNumber": "0.0.1",
            "usageTotalUsd": self.usage_usd(now_s),
            "defaultKeyValueStoreId": self.store_id,
            "defaultDatasetId": self.dataset_id,
            "defaultRequestQueueId": self.queue_id,
        }

    def details(self, now_s: float) -> dict[str, Any]:
        ran_s = max(0.0, min(now_s, self.ends_at_s) - self.started_at_s)
        return {
            **self.summary(now_s),
            "statusMessage": None,
            "exitCode": 0 if self.status(now_s) == "SUCCEEDED" else None,
            "stats": {
                "inputBodyLen": len(self.input_body),
                "restartCount": 0,
                "durationMillis": int(ran_s * 1000),
                "runTimeSecs": round(ran_s, 3),
                "computeUnits": round(ran_s / 3600 * self.memory_mbytes / 1024, 6),
            },
            "options": {
                "build": "latest",
                "timeoutSecs": self.timeout_s,
                "memoryMbytes": self.memory_mbytes,
                "diskMbytes": self.memory_mbytes * 2,
                "maxItems": self.max_items,
                "maxTotalChargeUsd": self.max_charge_usd,
            },
        }


class ActorRuns:
    """The newest runs, found by their own id or by that of their dataset or key-value store."""

    def __init__(self) -> None:
        self._runs: OrderedDict[str, ActorRun] = OrderedDict()
        self._by_storage: dict[str, ActorRun] = {}

    def add(self, run: ActorRun) -> None:
        self._runs[run.id] = run
        self._by_storage[run.dataset_id] = self._by_storage[run.store_id] = run
        if len(self._runs) > _KEPT_RUNS:
            _, oldest = self._runs.popitem(last=False)
            del self._by_storage[oldest.dataset_id], self._by_storage[oldest.store_id]

    def get(self, run_id: str) -> ActorRun | None:
        return self._runs.get(run_id)

    def of_storage(self, storage_id: str) -> ActorRun | None:
        return self._by_storage.get(storage_id)

    def running(self) -> int:
        """How many hold one of the account's slots now."""
        now_s = time.time()
        return sum(not run.is_over(now_s) for run in self._runs.values())

    def oldest_first(self) -> Iterator[ActorRun]:
        yield from self._runs.values()

    def clear(self) -> None:
        self._runs.clear()
        self._by_storage.clear()
