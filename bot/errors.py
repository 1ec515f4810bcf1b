"""The errors of the bot's own side."""


class BadSetting(Exception):
    """A setting that cannot be meant; one sentence that names it and its value."""
