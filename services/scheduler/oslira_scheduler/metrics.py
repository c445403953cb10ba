"""Figures of the scheduler; streams and consumers, which it looks at, are in the shared ones."""

from typing import Final

from prometheus_client import Counter

TICKS: Final = Counter(
    "oslira_ticks_total", "Ticks that were due: published or failed", ["job_name", "outcome"]
)
TOPOLOGY_REPAIRS: Final = Counter(
    "oslira_topology_repairs_total", "Streams, consumers and buckets that had to be made or mended"
)
