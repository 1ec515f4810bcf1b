"""The errors of the bot's own side. Each says in one sentence what is wrong; those of the world say what may help."""


class BadSetting(Exception):
    """A setting that cannot be meant; names it and its value."""


class BadDelivery(Exception):
    """A request to the webhook that is not to be trusted or not to be read. status: the HTTP status to answer."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Retryable(Exception):
    """The world may be better later: a lost connection, a server's own error. after_s: seconds to wait at least."""

    def __init__(self, why: str, after_s: float = 5.0) -> None:
        super().__init__(why)
        self.after_s = after_s


class RateLimited(Retryable):
    """GitHub wants us to wait until its limit ends. Not the work's fault, so it does not count as an attempt."""


class NotYet(Retryable):
    """What is waited for has not come. Not the work's fault."""


class Permanent(Exception):
    """The world says no, and would say so again."""


class NotFound(Permanent):
    """404 or 410: gone, or not ours to see."""


class Forbidden(Permanent):
    """401 or 403 that no waiting will change: a permission is missing."""


class Conflict(Permanent):
    """409 or 422: GitHub refuses this request as it stands."""
