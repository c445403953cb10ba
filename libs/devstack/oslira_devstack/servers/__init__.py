"""The three servers a stack needs, as real processes from wheels, or as containers behind the same interface."""
