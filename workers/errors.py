"""The errors that end a run: each one sentence for a person; on the command line each has its exit code."""

from __future__ import annotations


class InputError(Exception):
    """What the user asked for cannot be done as asked: no repository, unknown revision, no migrations. Exit code 2."""


class NoMigrations(InputError):
    """The commit holds no migrations in any layout: nothing to review, for those who did not ask for any."""


class GitFailed(InputError):
    """git could not read what should be there: not a repository any more, a damaged object."""


class Missing(InputError):
    """The repository knows of these blobs and does not have them, as in a partial clone."""

    def __init__(self, blobs: tuple[str, ...]) -> None:
        super().__init__(f"git: object {blobs[0]} is missing")
        self.blobs = blobs


class CannotAnalyse(Exception):
    """The input may be fine, but we could not judge it: no server, history that fails, server lost. Exit code 3."""


class FetchFailed(Exception):
    """The repository's server, or the way to it, did not give us what we asked for. retryable: later it may."""

    def __init__(self, why: str, *, retryable: bool) -> None:
        super().__init__(why)
        self.retryable = retryable


class Gone(FetchFailed):
    """The server has no such ref or object (any more): `what` names it. Who asked looks again at what is wanted."""

    def __init__(self, why: str, what: str) -> None:
        super().__init__(why, retryable=False)
        self.what = what


class MirrorTooLarge(FetchFailed):
    """The repository is larger than a mirror may be."""

    def __init__(self, why: str) -> None:
        super().__init__(why, retryable=False)


class Refused(Exception):
    """An environment's rules, or the state it is in, forbid what was asked. One sentence; nothing was changed."""


class Unreachable(Exception):
    """An environment's database, backup store or provider does not answer, or not as agreed. One sentence that names
    it without any secret. Trying again later may help."""


class Cancelled(Exception):
    """Somebody asked for it to stop, and it has stopped."""
