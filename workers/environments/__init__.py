"""Staging, production and their like: connect, look, back up, apply, roll back. Knows nothing of GitHub."""
