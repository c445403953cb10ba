"""Postgres, NATS, HTTP, Stripe's API, and memory for the unit tests."""
