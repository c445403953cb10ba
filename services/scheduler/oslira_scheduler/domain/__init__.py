"""Cron arithmetic and which ticks are due: pure."""
