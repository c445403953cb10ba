"""Analyses: accepting them, showing their runs, following them to the end."""
