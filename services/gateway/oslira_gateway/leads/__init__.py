"""Leads: the profiles that analyses were made of."""
