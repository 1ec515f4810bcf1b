"""What GitHub tells us and what we tell GitHub."""
