"""The errors that end a run: each one sentence for a person, each with its exit code."""


class InputError(Exception):
    """What the user asked for cannot be done as asked: no repository, unknown revision, no migrations. Exit code 2."""


class CannotAnalyse(Exception):
    """The input may be fine, but we could not judge it: no server, history that fails, server lost. Exit code 3."""
