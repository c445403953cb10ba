"""Postgres, NATS, and a memory stand-in for unit tests."""
