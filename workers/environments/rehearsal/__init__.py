"""The review's measurements, taken once more on a copy of the real data."""

from workers.environments.rehearsal.copies import copied
from workers.environments.rehearsal.markdown import on_copy_markdown
from workers.environments.rehearsal.on_copy import Measured, OnCopy, TakenLock
from workers.environments.rehearsal.rehearse import rehearse_on_copy

__all__ = ["Measured", "OnCopy", "TakenLock", "copied", "on_copy_markdown", "rehearse_on_copy"]
