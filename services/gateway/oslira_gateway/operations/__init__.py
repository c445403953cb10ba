"""Routes of operators, erasure, the daily clean-up."""
