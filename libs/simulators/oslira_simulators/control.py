"""`/_sim`: read and set by tests and the demo. Needs no key, and is never hit by a fault."""

from collections.abc import Callable
from typing import Any, cast

from oslira_simulators.apify import Apify
from oslira_simulators.counters import Counters
from oslira_simulators.faults import Faults
from oslira_simulators.latency import Latencies, parse_distribution
from oslira_simulators.model_rules import ModelInventory
from oslira_simulators.routes import Route
from oslira_simulators.stripe import Stripe
from oslira_simulators.wire import Call, Reply, json_reply


class Control:
    def __init__(
        self,
        *,
        counters: Counters,
        faults: Faults,
        latencies: Latencies,
        apify: Apify,
        stripe: Stripe,
        inventory: ModelInventory,
        resets: dict[str, Callable[[], None]],
    ) -> None:
        self._counters = counters
        self._faults = faults
        self._latencies = latencies
        self._apify = apify
        self._stripe = stripe
        self._inventory = inventory
        self._resets = resets
        self.routes = (
            Route("GET", "/_sim/health", self.health),
            Route("GET", "/_sim/counters", self.read_counters),
            Route("GET", "/_sim/draws", self.draws),
            Route("GET", "/_sim/config", self.config),
            Route("POST", "/_sim/config", self.configure),
            Route("POST", "/_sim/reset", self.reset),
            Route("GET", "/_sim/faults", self.list_faults),
            Route("POST", "/_sim/faults", self.add_fault),
            Route("DELETE", "/_sim/faults", self.clear_faults),
            Route("DELETE", "/_sim/faults/{}", self.remove_fault),
            Route("POST", "/_sim/stripe/objects", self.put_stripe_objects),
        )

    async def health(self, call: Call) -> Reply:  # noqa: ARG002
        return json_reply({"status": "ok"})

    async def read_counters(self, call: Call) -> Reply:  # noqa: ARG002
        counters = self._counters
        requests = counters.requests.nested()
        apify = {
            "starts": sum(counters.apify_starts.flat().values()),
            "starts_by_username": counters.apify_starts.flat(),
            "aborts": sum(counters.apify_aborts.flat().values()),
            "aborts_by_username": counters.apify_aborts.flat(),
            "running": self._apify.runs.running(),
            "max_running": counters.apify_max_running,
            "requests": requests.get("apify", {}),
        }
        models = {
            name: {**model.as_json(), "requests": requests.get(name, {})}
            for name, model in counters.models.items()
        }
        stripe = {"requests": requests.get("stripe", {})}
        return json_reply({"apify": apify, **models, "stripe": stripe, "faults": counters.faults.nested()})

    async def draws(self, call: Call) -> Reply:  # noqa: ARG002
        return json_reply({"speed": self._latencies.speed, "draws": self._latencies.draws()})

    async def config(self, call: Call) -> Reply:  # noqa: ARG002
        latencies = {name: str(shape) for name, shape in self._latencies.distributions.items()}
        settings = {
            "speed": self._latencies.speed,
            "seed": self._latencies.seed,
            "latencies": latencies,
            "models": self._inventory.as_json(),
        }
        return json_reply(settings)

    async def configure(self, call: Call) -> Reply:
        """Any of `speed`, `seed`, `latencies` ({"scrape": "uniform:6:12", …}) for new draws only, and `models`.

        `models`: {"today": "2026-12-12", "missing": ["gpt-6-luna"], "shutdown_dates": {"gpt-6-luna": "2027-03-01"}}.
        """
        asked = call.json()
        unknown = set(asked) - {"speed", "seed", "latencies", "models"}
        speed = float(asked.get("speed", self._latencies.speed))
        if unknown or speed <= 0:
            raise ValueError(f"unknown settings {sorted(unknown)}" if unknown else "speed is above 0")
        shapes: dict[str, str] = asked.get("latencies", {})
        parsed = {name: parse_distribution(shape) for name, shape in shapes.items()}
        self._inventory.configure(asked.get("models", {}))
        self._latencies.distributions.update(parsed)
        self._latencies.speed = speed
        self._latencies.seed = int(asked.get("seed", self._latencies.seed))
        return await self.config(call)

    async def reset(self, call: Call) -> Reply:
        """All of it, or `{"only": ["settings", "runs", "counters", "draws", "faults", "caches", "stripe"]}`."""
        only: list[str] = call.json().get("only", list(self._resets)) if call.body else list(self._resets)
        if unknown := set(only) - set(self._resets):
            raise ValueError(f"can't reset {sorted(unknown)}; only {sorted(self._resets)}")
        for (
            name,
            forget,
        ) in self._resets.items():  # in their order: counters last count the runs that are left
            if name in only:
                forget()
        return json_reply({"reset": only})

    async def list_faults(self, call: Call) -> Reply:  # noqa: ARG002
        return json_reply({"faults": self._faults.as_json()})

    async def add_fault(self, call: Call) -> Reply:
        rule = self._faults.add(call.json())
        return json_reply({"id": rule.id}, 201)

    async def remove_fault(self, call: Call) -> Reply:
        self._faults.remove(int(call.segments[0]))
        return await self.list_faults(call)

    async def clear_faults(self, call: Call) -> Reply:
        self._faults.clear()
        return await self.list_faults(call)

    async def put_stripe_objects(self, call: Call) -> Reply:
        """One object, or {"objects": […]}; `?delivered=false` marks events that no webhook endpoint took."""
        body = call.json()
        objects = cast("list[dict[str, Any]]", body["objects"]) if "objects" in body else [body]
        for stored in objects:
            self._stripe.store.put(stored, is_delivered=call.asked("delivered") != "false")
        return json_reply({"stored": len(objects)}, 201)
