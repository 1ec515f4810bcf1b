"""Neon: the branches of a project, made and removed over its API."""
