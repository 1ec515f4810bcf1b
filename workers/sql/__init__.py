"""SQL text: split into statements, read as actions, predicted as facts. Asks no server."""
