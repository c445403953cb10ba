"""AsyncAPI, one document for each service: from how it is wired, the topology and the contracts."""
