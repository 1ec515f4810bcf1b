"""Takes a migration that was played on rows back again, in every way there is."""
