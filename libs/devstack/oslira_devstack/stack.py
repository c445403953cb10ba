"""The whole system on one machine: servers, provisioning, simulators, the five services."""

import asyncio
import sys
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from oslira_shared.postgres.migrate import migrate

from oslira_devstack import environment, providers
from oslira_devstack.child import Child
from oslira_devstack.credentials import MIGRATOR
from oslira_devstack.datadir import DataDirectory, Lock
from oslira_devstack.environment import SERVICES, Ports
from oslira_devstack.free_space import require_space
from oslira_devstack.ports import free_or_other, free_port, require_free
from oslira_devstack.processes import Supervisor
from oslira_devstack.servers import certificates
from oslira_devstack.servers.choose import ServerFactory
from oslira_devstack.servers.contract import Servers
from oslira_devstack.tcp_proxy import TcpProxy

_PUBLIC: Final = ("gateway", "billing")
_INTERNAL_PORTS: Final[Mapping[str, int]] = {
    "gateway": 9090,
    "billing": 9091,
    "credits": 9092,
    "analysis": 9093,
    "scheduler": 9094,
    "webhooks": 9095,
    "console": 9096,
}


@dataclass(frozen=True, slots=True)
class StackConfig:
    """What differs between `oslira up`, the demo and the tests. A port that is None is any free one.

    `speed` divides the simulators' latencies; `extra_environment` maps a service to variables that win over ours.
    `tls`: NATS and Postgres accept encrypted connections alone, with certificates of an authority of the stack's own.
    `is_measured`: Postgres counts statements and NATS serves its monitoring endpoints, for benchmarks.
    Services reach the servers named in `proxied` (nats, postgres, s3) through `Stack.proxies`.
    """

    data_dir: Path
    gateway_port: int | None = None
    billing_port: int | None = None
    has_console: bool = False
    console_port: int | None = None
    usual_internal_ports: bool = False
    speed: float = 1.0
    seed: int = 1
    profiles: Path | None = None
    allow_real_providers: bool = False
    durable: bool = True
    tls: bool = False
    is_measured: bool = False
    services: tuple[str, ...] = SERVICES
    proxied: frozenset[str] = frozenset()
    replicas: Mapping[str, int] = field(default_factory=dict[str, int])
    extra_environment: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    report: Callable[[str], None] = lambda _: None


class Stack:
    """`async with Stack(config) as stack:` everything answers inside, and nothing of it runs after.

    Raises StackIsRunning, BusyPort, NoSpace, BrokenSecrets, DidNotStart or OSError on the way in, with nothing left running.
    """

    def __init__(self, config: StackConfig) -> None:
        self.config = config
        self.data = DataDirectory(config.data_dir.absolute())
        self.supervisor = Supervisor(report=config.report)
        self.proxies: dict[str, TcpProxy] = {}
        self._undo = AsyncExitStack()

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._undo.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._undo.aclose()

    async def _start(self) -> None:
        lock = self._undo.enter_context(Lock(self.data.path))
        self.data.forget_state()
        require_space(self.data.path)
        if leftovers := lock.take_over():
            self.config.report(f"ended what an earlier stack left running: {', '.join(leftovers)}")
        self.credentials = self.data.credentials()
        self.gateway_port = _public(self.config.gateway_port, "gateway", "OSLIRA_PORT")
        self.billing_port = _public(self.config.billing_port, "billing", "OSLIRA_BILLING_PORT")
        console_port = self.config.console_port
        self.console_port = free_port() if console_port is None else free_or_other(console_port)
        self.simulators_port = free_port()
        self.providers = providers.choose(
            self.credentials,
            simulators_url=self.simulators_url,
            allow_real=self.config.allow_real_providers,
        )
        self.servers = await self._start_servers()
        for server in self.servers.all():
            if server.name in self.config.proxied:
                self.proxies[server.name] = await self._undo.enter_async_context(TcpProxy(server.port))
        self._undo.push_async_callback(self.supervisor.stop)
        self._add_simulators()
        self.supervisor.start_one("simulators")  # they have no dependencies: start them during the migrations
        await migrate(self.servers.postgres.url(MIGRATOR), self.credentials.service_passwords)
        for service in self.config.services:
            for name in self._add_service(service):
                self.supervisor.start_one(name)
        await self.supervisor.wait_ready()
        for name, missing in (await self.supervisor.wait_settled()).items():
            self.config.report(f"{name} is ready but not whole: {missing}")
        self._undo.callback(self.data.forget_state)
        self.supervisor.on_restart = self._write_state
        self._write_state()

    def _write_state(self) -> None:
        """Called again for each process that is restarted, under another id."""
        with suppress(OSError):  # a full disk: the stack itself still runs
            self.data.write_state(self.describe())

    @property
    def gateway_url(self) -> str:
        return f"http://127.0.0.1:{self.gateway_port}"

    @property
    def billing_url(self) -> str:
        return f"http://127.0.0.1:{self.billing_port}"

    @property
    def console_url(self) -> str:
        """The web console's origin; nothing is there without `has_console`."""
        return f"http://127.0.0.1:{self.console_port}"

    @property
    def simulators_url(self) -> str:
        return f"http://127.0.0.1:{self.simulators_port}"

    @property
    def admin_url(self) -> str:
        """The internal port of the first gateway; empty while there is none."""
        of_gateways = (
            p.ready_urls[0] for name, p in self.supervisor.processes.items() if name.startswith("gateway")
        )
        return next(of_gateways, "").removesuffix("/health/ready")

    def describe(self) -> dict[str, Any]:
        """What runs where, without secrets."""
        return {
            "gateway_url": self.gateway_url,
            "billing_url": self.billing_url,
            **({"console_url": self.console_url} if self.config.has_console else {}),
            "admin_url": self.admin_url,
            "simulators_url": self.simulators_url,
            "s3_url": self.servers.s3.endpoint_url,
            "s3_bucket": self.servers.s3.bucket,
            "nats_address": self.servers.nats.address,
            "nats_port": self.servers.nats.port,
            "postgres_port": self.servers.postgres.port,
            "postgres_options": self.servers.postgres.options,
            "providers": self.providers.describe(),
            "processes": {
                name: {"pid": p.child.pid, "url": p.ready_urls[0], "log": str(p.child.log)}
                for name, p in self.supervisor.processes.items()
            },
        }

    async def _start_servers(self) -> Servers:
        factory = ServerFactory(
            self.data.path,
            logs=self.data.logs,
            credentials=self.credentials,
            durable=self.config.durable,
            tls=certificates.load_or_make(self.data.path / "certificates") if self.config.tls else None,
            is_measured=self.config.is_measured,
        )
        servers = await asyncio.to_thread(factory.all)
        self._undo.push_async_callback(self._stop_servers, servers)
        # All of them to their end, so that none is still starting when a failure undoes the others.
        outcomes = await asyncio.gather(*(server.start() for server in servers.all()), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        return servers

    async def _stop_servers(self, servers: Servers) -> None:
        # Throw-away data needs no orderly stop, and SeaweedFS takes two seconds for its own.
        ends = (server.stop() if self.config.durable else server.discard() for server in servers.all())
        await asyncio.gather(*ends)

    def _add_simulators(self) -> None:
        command = environment.simulator_command(
            port=self.simulators_port,
            speed=self.config.speed,
            profiles=self.config.profiles,
            seed=self.config.seed,
        )
        child = Child("simulators", command, environment.passed_on("simulators"), self._log("simulators"))
        self.supervisor.add(child, f"{self.simulators_url}/_sim/health", tier=0)

    def _add_service(self, service: str) -> list[str]:
        """Its replicas' names."""
        names: list[str] = []
        replicas = self.config.replicas.get(service, 1)
        for number in range(1, replicas + 1):
            name = service if replicas == 1 else f"{service}-{number}"
            ports = self._ports(service, is_first=number == 1)
            env = self._environment(service, ports, process=service)
            child = Child(name, [sys.executable, "-m", f"oslira_{service}"], env, self._log(name))
            # At a stop the public servers end first, so that no work is accepted that would not be processed.
            ready = [f"http://127.0.0.1:{port}/health/ready" for port in (ports.internal, ports.http) if port]
            self.supervisor.add(child, *ready, tier=2 if service in _PUBLIC else 1)
            names.append(name)
        if service == "gateway":
            names.append(self._add_webhooks())
            names += [self._add_console()] if self.config.has_console else []
        return names

    def _add_webhooks(self) -> str:
        """The gateway package's other process, as the gateway to bus and database."""
        name = "webhooks"
        ports = Ports(self._internal_port(name))
        env = self._environment("gateway", ports, process=name)
        child = Child(name, [sys.executable, "-m", "oslira_gateway.webhooks"], env, self._log(name))
        self.supervisor.add(child, f"http://127.0.0.1:{ports.internal}/health/ready", tier=1)
        return name

    def _add_console(self) -> str:
        """The gateway package's third process, a client of the API."""
        name = "console"
        ports = Ports(self._internal_port(name), self.console_port)
        env = environment.console_environment(
            ports=ports,
            api_url=self.gateway_url,
            app_url=self.console_url,
            credentials=self.credentials,
            simulators_url=self.simulators_url,
            extra=self.config.extra_environment.get(name, {}),
        )
        child = Child(name, [sys.executable, "-m", "oslira_gateway.console"], env, self._log(name))
        self.supervisor.add(child, f"http://127.0.0.1:{ports.internal}/health/ready", tier=2)
        return name

    def _environment(self, service: str, ports: Ports, *, process: str) -> dict[str, str]:
        """Where a server is behind a proxy, its port is the proxy's."""
        variables = environment.service_environment(
            service,
            ports=ports,
            servers=self.servers,
            credentials=self.credentials,
            providers=self.providers,
            app_url=self.console_url if self.config.has_console else self.gateway_url,
            extra=self.config.extra_environment.get(process, {}),
        )
        by_port = {
            f"127.0.0.1:{server.port}": f"127.0.0.1:{self.proxies[server.name].port}"
            for server in self.servers.all()
            if server.name in self.proxies
        }
        for direct, proxied in by_port.items():
            variables = {name: value.replace(direct, proxied) for name, value in variables.items()}
        return variables

    def _ports(self, service: str, *, is_first: bool) -> Ports:
        if not is_first:
            return Ports(internal=free_port(), http=free_port() if service in _PUBLIC else None)
        internal = self._internal_port(service)
        return Ports(internal, {"gateway": self.gateway_port, "billing": self.billing_port}.get(service))

    def _internal_port(self, process: str) -> int:
        usual = self.config.usual_internal_ports
        return free_or_other(_INTERNAL_PORTS[process]) if usual else free_port()

    def _log(self, name: str) -> Path:
        return self.data.logs / f"{name}.log"


def _public(port: int | None, service: str, variable: str) -> int:
    if port is None:
        return free_port()
    return require_free(port, wanted_by=service, hint=f"stop it, or set {variable} to another port")
