"""From wheels, or from containers with OSLIRA_TEST_SERVERS=containers."""

import os
from dataclasses import dataclass
from pathlib import Path

from oslira_devstack.credentials import Credentials
from oslira_devstack.servers.certificates import Certificates
from oslira_devstack.servers.contract import S3, Nats, Postgres, Servers
from oslira_devstack.servers.nats import EmbeddedNats
from oslira_devstack.servers.postgres import EmbeddedPostgres
from oslira_devstack.servers.s3 import EmbeddedS3

BUCKET = "oslira"


@dataclass(frozen=True, slots=True)
class ServerFactory:
    """Makes servers that are not started yet. `durable=False` is for throw-away data. `tls`: of NATS and Postgres from wheels.

    `is_measured`: the embedded Postgres loads pg_stat_statements, and the embedded NATS serves its monitoring endpoints.
    """

    directory: Path
    logs: Path
    credentials: Credentials
    durable: bool = True
    tls: Certificates | None = None
    is_measured: bool = False

    def all(self) -> Servers:
        return Servers(nats=self.nats(), postgres=self.postgres(), s3=self.s3())

    def nats(self, name: str = "nats") -> Nats:
        if self._in_containers():
            from oslira_devstack.servers.containers import ContainerNats  # noqa: PLC0415  (needs Docker's client)

            return ContainerNats(self.credentials, config=self.directory / f"{name}.conf")
        return EmbeddedNats(
            self.directory / name,
            self.credentials,
            log=self.logs / f"{name}.log",
            has_tester=not self.durable,
            tls=self.tls,
            is_measured=self.is_measured,
        )

    def postgres(self) -> Postgres:
        if self._in_containers():
            from oslira_devstack.servers.containers import ContainerPostgres  # noqa: PLC0415

            return ContainerPostgres(self.credentials)
        return EmbeddedPostgres(
            self.directory / "postgres",
            self.credentials,
            durable=self.durable,
            is_measured=self.is_measured,
            log=self.logs / "postgres.log",
            tls=self.tls,
        )

    def s3(self) -> S3:
        if self._in_containers():
            from oslira_devstack.servers.containers import ContainerS3  # noqa: PLC0415

            return ContainerS3(self.credentials, bucket=BUCKET)
        return EmbeddedS3(self.directory / "s3", self.credentials, bucket=BUCKET, log=self.logs / "s3.log")

    def _in_containers(self) -> bool:
        chosen = os.environ.get("OSLIRA_TEST_SERVERS", "wheels")
        if chosen not in ("wheels", "containers"):
            raise ValueError(f"OSLIRA_TEST_SERVERS is {chosen!r}: say wheels or containers")
        return (
            chosen == "containers" and not self.durable
        )  # it is for tests: a container's data is deleted with it
