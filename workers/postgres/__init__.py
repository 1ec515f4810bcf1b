"""An ephemeral PostgreSQL server in a sandbox: found, templated, started, watched, erased."""
