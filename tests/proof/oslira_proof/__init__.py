"""The measured promises, and what they are shown and tested with: users of a stack, open load, kill points, benchmarks."""
