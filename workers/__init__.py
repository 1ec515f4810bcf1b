"""Reads migrations, rehearses them on an ephemeral Postgres, judges them, reports."""
