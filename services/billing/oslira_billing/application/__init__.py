"""Use cases: take an event in, apply it once, keep the records tidy."""
