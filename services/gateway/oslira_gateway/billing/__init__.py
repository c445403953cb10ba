"""Buying credits and plans; an account's plan."""
