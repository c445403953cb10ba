"""What writes documents and the client from the code, and what compares them with a release."""
