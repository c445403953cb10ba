"""Postgres, NATS, HTTP and Stripe's API."""
