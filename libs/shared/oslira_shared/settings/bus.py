"""How a program reaches the bus."""

from pathlib import Path

from pydantic import Field, SecretStr, field_validator

from oslira_shared.authorities import authorities_fault, own_certificate_fault
from oslira_shared.bus import nkeys
from oslira_shared.bus.address import nats_url_fault
from oslira_shared.bus.login import Login, needs_tls
from oslira_shared.settings.base import DEVELOPMENT_MARK, Settings


class BusSettings(Settings):
    """Of every program that uses the bus; by itself of those that use nothing else."""

    nats_url: SecretStr = Field(validation_alias="NATS_URL")
    """The bus's address: tls://host:4222. In development also nats://user:password@host:4222."""
    nats_nkey_seed: SecretStr | None = Field(default=None, validation_alias="NATS_NKEY_SEED")
    """The seed of this program's nkey, its login. Required outside development."""
    nats_ca_file: Path | None = Field(default=None, validation_alias="NATS_CA_FILE")
    """File (PEM) of the authorities that may sign the bus's certificate, instead of the system's."""
    nats_cert_file: Path | None = Field(default=None, validation_alias="NATS_CERT_FILE")
    """File (PEM) of our own certificate, where the bus asks for one."""
    nats_key_file: Path | None = Field(default=None, validation_alias="NATS_KEY_FILE")
    """File (PEM) of that certificate's key, where it is not in the same file."""
    nats_allow_plaintext: bool = Field(default=False, validation_alias="NATS_ALLOW_PLAINTEXT")
    """Allow nats:// outside development: where the network encrypts by itself."""

    @field_validator("nats_url")
    @classmethod
    def _a_bus_address(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and (fault := nats_url_fault(url.get_secret_value())) is not None:
            raise ValueError(fault)
        return url

    @field_validator("nats_nkey_seed")
    @classmethod
    def _a_users_seed(cls, seed: SecretStr | None) -> SecretStr | None:
        if seed is not None:
            nkeys.public_key(seed.get_secret_value())
        return seed

    @field_validator("nats_ca_file")
    @classmethod
    def _authorities(cls, path: Path | None) -> Path | None:
        if path is not None and (fault := authorities_fault(path)) is not None:
            raise ValueError(fault)
        return path

    def _contradictions(self) -> list[str]:
        faults = super()._contradictions()
        named = {
            "NATS_CA_FILE": self.nats_ca_file,
            "NATS_CERT_FILE": self.nats_cert_file,
            "NATS_KEY_FILE": self.nats_key_file,
        }
        if not self._bus_has_tls():
            faults += [f"{name} is set, and NATS_URL is not tls://" for name, path in named.items() if path]
        elif self.nats_cert_file is not None:
            if fault := own_certificate_fault(self.nats_cert_file, self.nats_key_file):
                faults.append(f"NATS_CERT_FILE {fault}")
        elif self.nats_key_file is not None:
            faults.append("NATS_KEY_FILE is set without NATS_CERT_FILE")
        return faults

    def _faults(self) -> list[str]:
        faults = super()._faults()
        if not self.nats_nkey_seed:
            faults.append("NATS_NKEY_SEED is missing")
        elif nkeys.holds(self.nats_nkey_seed.get_secret_value(), DEVELOPMENT_MARK.encode()):
            faults.append("NATS_NKEY_SEED holds a development secret")
        if not self._bus_has_tls() and not self.nats_allow_plaintext:
            faults.append("NATS_URL has to be tls:// (or set NATS_ALLOW_PLAINTEXT=true)")
        return faults

    def _bus_has_tls(self) -> bool:
        return needs_tls(self.nats_url.get_secret_value())

    @property
    def bus_login(self) -> Login:
        """How this program logs in to the bus."""
        return Login(
            self._secret("nats_nkey_seed"), self.nats_ca_file, self.nats_cert_file, self.nats_key_file
        )
