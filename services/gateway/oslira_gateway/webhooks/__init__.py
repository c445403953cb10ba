"""Outgoing webhooks: events for an account's own servers when its runs and bulks have ended."""
