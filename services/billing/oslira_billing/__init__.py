"""Stripe: the webhook, its events, plans and grants."""
