"""Metrics of the scheduler; those of streams and consumers are in the shared library."""

from typing import Final

from prometheus_client import Counter

TICKS: Final = Counter(
    "oslira_ticks_total", "Ticks that were due: published or failed", ["job_name", "outcome"]
)
TOPOLOGY_REPAIRS: Final = Counter(
    "oslira_topology_repairs_total", "Streams, consumers and buckets that had to be made or mended"
)
