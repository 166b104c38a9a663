"""Tests that start PostgreSQL or NATS."""
