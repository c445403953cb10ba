"""Bulks: many names under one hold, from JSON or CSV."""
