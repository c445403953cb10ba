"""Postgres and the bus."""
