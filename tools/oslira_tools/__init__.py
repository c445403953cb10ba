"""Generates documents and the client from the code, and compares documents with a release."""
