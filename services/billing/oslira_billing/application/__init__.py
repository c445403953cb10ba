"""Use cases: take an event in, apply it once, keep the books tidy."""
