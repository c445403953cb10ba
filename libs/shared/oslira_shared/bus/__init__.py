"""NATS: the topology, a connection that reconnects without limit, publishing, consuming, requests."""
