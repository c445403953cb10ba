"""NATS: the topology, a connection that doesn't give up, publishing, consuming, asking."""
