"""Connections to addresses that users supply: only public addresses are allowed."""
