"""Evidence checks: quotes found in the profile, and signs of instructions and leaks."""
