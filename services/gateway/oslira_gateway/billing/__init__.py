"""Buying credits and plans, and what an account is on."""
