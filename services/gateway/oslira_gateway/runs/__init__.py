"""Runs: orders are accepted, runs are read and cancelled, and have a receipt."""
