"""The providers' SDKs cost seconds of CPU to import: not at start, and not on the first run's way either."""

from importlib import import_module
from typing import Final

_SDKS: Final = ("boto3", "apify_client", "openai", "anthropic", "genai_prices")


def load_sdks() -> None:
    """Import them all; for a thread."""
    for name in _SDKS:
        import_module(name)
