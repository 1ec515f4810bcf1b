"""How long a statement's work may take on a table as large as production's, told from runs on growing copies of it."""
