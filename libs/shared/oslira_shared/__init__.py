"""Contracts, bus, work rows, Postgres, errors, settings, logs and metrics that all services share."""
