"""What a claim rests on: quotes found in the profile, and signs of instructions and leaks."""
