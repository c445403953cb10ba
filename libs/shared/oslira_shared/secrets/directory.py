"""A folder with one file for each secret, as Kubernetes and Docker mount them; Kubernetes replaces the files when a Secret changes."""

from pathlib import Path

from oslira_shared.secrets.live import SecretsUnavailable


class SecretsDirectory:
    """Implements Vault."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def read(self, variable: str) -> str | None:
        path = self._directory / variable
        try:
            return path.read_text().strip() if path.is_file() else None
        except (OSError, UnicodeDecodeError) as error:
            raise SecretsUnavailable(f"{variable}: {type(error).__name__}") from None
