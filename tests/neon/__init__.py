"""A stand-in for Neon's API, over HTTP on loopback, whose branches are real databases."""
