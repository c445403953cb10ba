"""The measured promises, and what shows and tests them: users of a stack, open-loop load, kill points, benchmarks."""
