"""Scraped items, checked and read into a Profile."""
