"""What a simulator process is started with; speed, latency and seed can also change while it runs."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from oslira_simulators.latency import Distribution, Uniform


def default_latencies() -> dict[str, Distribution]:
    """Seconds at speed 1. A name like `model:gpt-6-luna` overrides `model` for that model."""
    return {"scrape": Uniform(6.0, 12.0), "model": Uniform(1.0, 4.0)}


@dataclass(frozen=True, slots=True)
class SimulatorConfig:
    """`speed` divides every drawn latency; `profiles` is a folder of scraped items, one JSON object a file."""

    speed: float = 1.0
    seed: int = 0
    profiles: Path | None = None
    latencies: dict[str, Distribution] = field(default_factory=default_latencies)
    openai_cache_ttl_s: float = 600.0
    timeout_fault_s: float = 120.0
    # The date for the suppliers' models; the current one unless it is set.
    today: date | None = None
