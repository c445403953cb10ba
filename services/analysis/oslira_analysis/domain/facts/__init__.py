"""What can be computed about a profile is computed here, each figure with its formula, and never asked of a model."""
