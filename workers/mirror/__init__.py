"""A bare, shallow, partial copy of a repository on a server: fetched by SHA, read without the network."""

from workers.mirror.commits import Commits, as_it_would_merge
from workers.mirror.copy import Copy, Mirror
from workers.mirror.server import MirrorLimits

__all__ = ["Commits", "Copy", "Mirror", "MirrorLimits", "as_it_would_merge"]
