"""The HTTP API: identity, analyses, runs and their event streams."""
