"""Postgres, the bus, and in-memory stand-ins that pass the same tests."""
