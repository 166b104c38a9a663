"""Two ledgers on real PostgreSQL, joined by real NATS."""
