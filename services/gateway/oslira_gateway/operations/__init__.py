"""Routes of operators, erasure, clean-up."""
