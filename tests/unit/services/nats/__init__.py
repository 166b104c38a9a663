"""Provisioning of a shared NATS server, and what is found unsafe, without a server."""
