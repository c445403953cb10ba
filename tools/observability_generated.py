"""Generates, from the metrics' declarations, the table in the documentation and Grafana's dashboards.

python tools/observability_generated.py [--write]
"""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from oslira_tools.dashboards import DASHBOARDS, dashboard_json
from prometheus_client import Counter, Gauge, Histogram

ROOT: Final = Path(__file__).resolve().parents[1]
MODULES: Final = (
    "oslira_shared.observability.metrics",
    "oslira_gateway.metrics",
    "oslira_gateway.webhooks.metrics",
    "oslira_analysis.metrics",
    "oslira_credits.metrics",
    "oslira_billing.metrics",
    "oslira_scheduler.metrics",
)
_PAGE: Final = ROOT / "docs/architecture/observability.md"
_DASHBOARDS: Final = ROOT / "deploy/observability/grafana/dashboards"
_BEGIN, _END = "<!-- metrics: written by `make observability` -->\n", "<!-- end of metrics -->\n"
Metric = Counter | Gauge | Histogram


def metrics() -> Iterator[tuple[str, Metric]]:
    """(module, metric) of every declaration, in their order."""
    for name in MODULES:
        for value in vars(importlib.import_module(name)).values():
            if isinstance(value, (Counter, Gauge, Histogram)):
                yield name, value


def full_name(metric: Metric) -> str:
    """The name in Prometheus: a counter's ends in _total."""
    return metric._name + ("_total" if isinstance(metric, Counter) else "")  # noqa: SLF001  # the library has no other way


def _table() -> str:
    owners = {module: module.removeprefix("oslira_").removesuffix(".metrics") for module in MODULES}
    owners["oslira_shared.observability.metrics"] = "every service"
    rows = [
        f"| `{full_name(metric)}` | {metric._type} | {owners[module].replace('gateway.webhooks', 'webhooks')} "  # noqa: SLF001
        f"| {', '.join(metric._labelnames)} | {metric._documentation} |"  # noqa: SLF001
        for module, metric in metrics()
    ]
    return "\n".join(["| metric | kind | of | labels | what |", "|---|---|---|---|---|", *rows]) + "\n"


def _page() -> str:
    text = _PAGE.read_text()
    before, _, rest = text.partition(_BEGIN)
    return before + _BEGIN + _table() + _END + rest.partition(_END)[2]


def files() -> dict[Path, str]:
    """Every generated file and its content."""
    boards = {_DASHBOARDS / f"{uid}.json": dashboard_json(uid, *board) for uid, board in DASHBOARDS.items()}
    return {_PAGE: _page(), **boards}


def main() -> int:
    """The exit status: 1 for stale files."""
    is_writing = "--write" in sys.argv[1:]
    stale = [path for path, text in files().items() if not path.exists() or path.read_text() != text]
    for path in stale:
        if is_writing:
            path.write_text(files()[path])
        print(f"{path.relative_to(ROOT)} {'written' if is_writing else 'is stale: make observability'}")
    return int(bool(stale) and not is_writing)


if __name__ == "__main__":
    sys.exit(main())
