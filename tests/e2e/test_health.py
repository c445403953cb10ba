"""Every process says whether it lives, whether it is ready, and how each thing it is bound to does."""

from typing import Final

import httpx
from oslira_devstack.stack import Stack

_ALL: Final = {"postgres", "schema", "bus"}
_OF_ANALYSIS: Final = _ALL | {"bucket", "openai", "anthropic", "apify", "models"}
_PROCESSES: Final = {"gateway", "webhooks", "credits", "analysis", "billing", "scheduler"}


async def test_each_process_lists_its_bindings_and_is_ready(stack: Stack) -> None:
    processes = {
        name: process["url"]
        for name, process in stack.describe()["processes"].items()
        if name != "simulators"
    }
    assert processes.keys() == _PROCESSES
    async with httpx.AsyncClient(trust_env=False) as http:
        for name, url in processes.items():
            live = await http.get(url.replace("/ready", "/live"))
            assert (live.status_code, live.json()) == (200, {"status": "ok"})
            ready = await http.get(url)
            checks = ready.json()["checks"]
            assert checks.keys() == (_OF_ANALYSIS if name == "analysis" else _ALL), name
            assert (ready.status_code, checks["postgres"], checks["schema"]) == (200, "ok", "ok")
            # Other tests on this stack let providers fail: a binding may be degraded, and readiness ignores it.
            assert all(state == "ok" or state.startswith("degraded: ") for state in checks.values())
