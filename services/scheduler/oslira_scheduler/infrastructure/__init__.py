"""Postgres and NATS."""
