"""What an engine imports, seconds of it: loaded once by the process that the killed engines are forked from."""

from importlib import import_module

from oslira_proof.promises import killed_engine

__all__ = ["killed_engine"]

for name in ("boto3", "apify_client", "openai", "anthropic", "genai_prices"):
    import_module(name)
