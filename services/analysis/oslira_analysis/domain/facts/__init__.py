"""Everything that can be computed about a profile, each metric with its formula. A model is never asked for it."""
