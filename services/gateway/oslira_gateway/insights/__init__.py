"""Insights: an account's usage, latency and results; for operators, costs and margins."""
