"""Rollback SQL from two catalog snapshots, and the proof that it works."""
