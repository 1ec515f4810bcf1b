"""The history tables: what an environment says it has, written as the layout's own runner writes it."""

from workers.environments.history.book import PLAIN, PRISMA, Book, book_of, failure_log
from workers.environments.history.diagnosis import Diagnosis, diagnose
from workers.environments.history.lock import holders, locked

__all__ = ["PLAIN", "PRISMA", "Book", "Diagnosis", "book_of", "diagnose", "failure_log", "holders", "locked"]
