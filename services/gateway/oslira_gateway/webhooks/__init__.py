"""Outgoing webhooks: telling an account's own servers that its runs and bulks have ended."""
