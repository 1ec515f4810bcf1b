"""Where a repository's code names what its migrations take away or ask more of: what runs meanwhile breaks."""

from workers.mentions.lookup import Code, mentions_of
from workers.mentions.taken import sought

__all__ = ["Code", "mentions_of", "sought"]
