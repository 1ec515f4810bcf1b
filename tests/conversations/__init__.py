"""Whole conversations: people act on the stand-in GitHub, and the product, running as it does for users, answers."""
