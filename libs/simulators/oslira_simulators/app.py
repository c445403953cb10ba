"""The simulators as one ASGI app: find the provider, apply a fault if there is one, answer."""

import asyncio
import sys
import traceback
from collections.abc import Coroutine

from oslira_simulators.anthropic import Anthropic
from oslira_simulators.apify import Apify
from oslira_simulators.config import SimulatorConfig
from oslira_simulators.control import Control
from oslira_simulators.counters import Counters
from oslira_simulators.faults import WIRE_KINDS, Fault, Faults
from oslira_simulators.latency import Latencies
from oslira_simulators.model_rules import ModelInventory
from oslira_simulators.odd_answers import odd_reply, refusal_of
from oslira_simulators.openai import OpenAI
from oslira_simulators.profiles import Profiles
from oslira_simulators.routes import Provider, Route, find_route
from oslira_simulators.stripe import Stripe
from oslira_simulators.turnstile import Turnstile
from oslira_simulators.wire import (
    Call,
    Receive,
    Reply,
    Scope,
    Send,
    drop_connection,
    json_reply,
    read_call,
    send_reply,
    until_gone,
)
from oslira_simulators.wire_faults import cut_reply, drip, fault_reply, stay_silent


class SimulatorApp:
    """Run it under uvicorn: breaking a connection needs its transport."""

    def __init__(self, config: SimulatorConfig) -> None:
        self._config = config
        self._counters = Counters()
        self._faults = Faults(config.seed)
        latencies = Latencies(distributions=config.latencies, speed=config.speed, seed=config.seed)
        apify = Apify(profiles=Profiles(config.profiles), latencies=latencies, counters=self._counters)
        inventory = ModelInventory(config.today)
        openai = OpenAI(
            latencies=latencies,
            counters=self._counters,
            cache_ttl_s=config.openai_cache_ttl_s,
            inventory=inventory,
        )
        anthropic = Anthropic(latencies=latencies, counters=self._counters, inventory=inventory)
        stripe = Stripe()
        providers: tuple[Provider, ...] = (apify, openai, anthropic, stripe, Turnstile())
        self._providers = {provider.name: provider for provider in providers}

        def forget_counts() -> None:
            self._counters.reset()
            self._counters.apify_max_running = apify.runs.running()

        def forget_prompts() -> None:
            openai.cache.clear()
            anthropic.cache.clear()

        def restore_settings() -> None:
            latencies.restore()
            inventory.configure({"today": str(config.today) if config.today else None, "missing": []})
            inventory.shutdown_dates.clear()

        self._control = Control(
            counters=self._counters,
            faults=self._faults,
            latencies=latencies,
            apify=apify,
            stripe=stripe,
            inventory=inventory,
            resets={
                "settings": restore_settings,
                "runs": apify.runs.clear,
                "counters": forget_counts,
                "draws": latencies.clear,
                "faults": self._faults.clear,
                "caches": forget_prompts,
                "stripe": stripe.clear,
            },
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            call = await read_call(scope, receive)
        except ConnectionError:
            return
        except ValueError as error:
            await send_reply(send, json_reply({"error": {"message": str(error)}}, 413))
            return
        root, _, rest = call.path.removeprefix("/").partition("/")
        provider = self._providers.get(root)
        if provider is None:
            await send_reply(send, await self._steer(call))
            return
        call.path = f"/{rest}"
        await self._serve(provider, call, receive, send)

    async def _steer(self, call: Call) -> Reply:
        route = find_route(self._control.routes, call)
        if route is None:
            return json_reply({"error": {"message": f"nothing at {call.method} {call.path}"}}, 404)
        try:
            return await route.handler(call)
        except ValueError as error:
            return json_reply({"error": {"message": str(error)}}, 400)

    async def _serve(self, provider: Provider, call: Call, receive: Receive, send: Send) -> None:
        route = find_route(provider.routes, call)
        if route is None:
            message = f"The simulator doesn't serve {call.method} {call.path}"
            await send_reply(send, provider.error(404, message))
            return
        self._counters.requests.add(provider.name, f"{route.method} {route.template}")
        if refusal := provider.refuse(call):
            await send_reply(send, refusal)
            return
        call.fault = fault = self._pick_fault(provider, route, call)
        match fault.kind if fault else None:
            case "drop":
                await drop_connection(send, receive)
            case "timeout" | "hang" if fault:
                await stay_silent(fault, send, receive, longest_s=self._config.timeout_fault_s)
            case "drip" if fault:
                await drip(fault, send, receive)
            case "status" if fault and fault.status is not None:
                if fault.is_done:
                    await _handled(provider, route, call)
                own = provider.error(fault.status, "A fault was asked for.")
                await send_reply(send, fault_reply(fault, own))
            case "insufficient_quota" | "error_body_200" if fault:
                await send_reply(send, refusal_of(fault.kind, provider.name))
            case _:
                await self._answer(provider, route, call, receive=receive, send=send)

    async def _answer(
        self, provider: Provider, route: Route, call: Call, *, receive: Receive, send: Send
    ) -> None:
        reply = await _while_connected(_handled(provider, route, call), receive)
        if reply is None:
            return
        if call.suffers("lost_answer"):
            await drop_connection(send, receive)
        elif call.suffers("cut_body"):
            await cut_reply(send, receive, reply)
        else:
            await send_reply(send, _spoiled(reply, provider.name, call.fault, route))

    def _pick_fault(self, provider: Provider, route: Route, call: Call) -> Fault | None:
        if self._faults.is_empty:
            return None
        fault = self._faults.pick(
            provider=provider.name,
            method=call.method,
            path=call.path,
            username=provider.username_of(call),
            kinds=WIRE_KINDS | route.own_faults,
        )
        if fault is not None:
            self._counters.faults.add(provider.name, fault.kind)
        return fault


def create_app(config: SimulatorConfig | None = None) -> SimulatorApp:
    """Raises FileNotFoundError or ValueError for a folder of profiles that can't be served."""
    return SimulatorApp(config or SimulatorConfig())


async def _handled(provider: Provider, route: Route, call: Call) -> Reply:
    try:
        if call.fault is not None and call.fault.kind == "slow":
            await asyncio.sleep(call.fault.delay_s or 0.0)
        return await route.handler(call)
    except ValueError as error:
        return provider.error(400, str(error))
    except Exception as error:  # noqa: BLE001 - an outside edge: the SDK must see the provider's own 500
        traceback.print_exception(error, file=sys.stderr)
        return provider.error(500, f"the simulator failed: {error!r}")


async def _while_connected(work: Coroutine[None, None, Reply], receive: Receive) -> Reply | None:
    """The reply, or None when the caller left first; then the work is cancelled."""
    working, leaving = asyncio.create_task(work), asyncio.create_task(until_gone(receive))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        working.cancel()
        leaving.cancel()


def _spoiled(reply: Reply, provider: str, fault: Fault | None, route: Route) -> Reply:
    """Truncated or malformed as an HTTP body, unless the route's handler has changed the answer itself."""
    if fault is None:
        return reply
    if fault.kind in route.own_faults:
        return odd_reply(fault.kind, provider, reply)
    if fault.kind == "truncate":
        return Reply(reply.status, reply.body[: len(reply.body) // 2], reply.headers, reply.content_type)
    if fault.kind == "malformed":
        return Reply(reply.status, b"<html>upstream hiccup</html>", reply.headers, reply.content_type)
    return reply
