"""Environments where something goes wrong: what then stands everywhere is one story, and the next command works."""
