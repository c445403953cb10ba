"""Every message between services: subjects, payloads and answers, one folder per owner."""
