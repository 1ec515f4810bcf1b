"""What Django is given to run: its own migrations in a database made for it, and each told with what it has sent."""

from __future__ import annotations

# Run by the project's own Python. `sqlmigrate` would do without running them, and leaves out, or cannot tell, what
# needs the name of a constraint (https://docs.djangoproject.com/en/stable/ref/django-admin/#sqlmigrate).
SCRIPT = """
import os, sys
from pathlib import Path
from django.db import connection
from django.db.migrations.exceptions import IrreversibleError
from django.db.migrations.executor import MigrationExecutor

sent = None

def write(sql, params, context):
    words = str(sql).split(None, 1)
    if sent is None or not words or words[0].upper() in ("SELECT", "SHOW", "SAVEPOINT", "RELEASE"):
        return
    full = str(sql) if params is None else connection.ops.last_executed_query(context["cursor"], sql, params)
    sent.append(full.rstrip().rstrip(";") + ";")

def listen(execute, sql, params, many, context):
    if many:
        for each in params:
            listen(lambda *given: context["cursor"].execute(*given[:2]), sql, each, False, context)
        return None
    result = execute(sql, params, many, context)
    write(sql, params, context)
    return result

def told(way, own):
    def run(self, state, migration, *more, **options):
        global sent
        sent = []
        try:
            state = own(self, state, migration, *more, **options)
            block = ["BEGIN;", *sent, "COMMIT;"] if migration.atomic else sent
        finally:
            sent = None
        print(f"-- {way}: {migration.app_label}.{migration.name}", "", *block, sep="\\n", flush=True)
        return state
    return run

MigrationExecutor.apply_migration = told("migration", MigrationExecutor.apply_migration)
MigrationExecutor.unapply_migration = told("way back", MigrationExecutor.unapply_migration)

own = connection.settings_dict["NAME"]
connection.settings_dict["TEST"].update(NAME="migration_bot_printed", MIGRATE=True)
with connection.execute_wrapper(listen):
    try:
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes(), clean_start=True)
        new = [Path(path) for path in os.environ.get("MIGRATION_BOT_NEW", "").splitlines()]
        ids = [f"{path.parent.parent.name}.{path.stem}" for path in new]
        for migration, _ in reversed(plan):
            if f"{migration.app_label}.{migration.name}" in ids:
                before = executor.loader.project_state((migration.app_label, migration.name), at_end=False)
                executor.unapply_migration(before, migration)
    except IrreversibleError as error:
        print(f"No way back: {error}", file=sys.stderr)
    finally:
        connection.creation.destroy_test_db(own, verbosity=0)
"""
