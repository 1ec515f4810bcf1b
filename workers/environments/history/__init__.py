"""The history tables: what an environment says it has, written as the layout's own runner writes it."""

from workers.environments.history.book import Begun, Book, Reader, failure_log
from workers.environments.history.diagnosis import Diagnosis, diagnose
from workers.environments.history.lock import holders, locked
from workers.environments.history.prisma import PLAIN, PRISMA
from workers.environments.history.runners import book_of, reader_of, tables_there

__all__ = [
    "PLAIN",
    "PRISMA",
    "Begun",
    "Book",
    "Diagnosis",
    "Reader",
    "book_of",
    "diagnose",
    "failure_log",
    "holders",
    "locked",
    "reader_of",
    "tables_there",
]
