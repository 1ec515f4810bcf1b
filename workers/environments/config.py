"""Which environments each repository has: a TOML file on the bot's own server, and nothing else."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from workers.complaints import complaint
from workers.environments.config_checks import wrongs
from workers.environments.model import Environment
from workers.environments.toml_lines import Keys, line_of
from workers.errors import InputError


@dataclass(frozen=True, slots=True)
class Configured:
    """A repository. name: owner/name. id: GitHub's, None where the file does not pin it."""

    name: str
    id: int | None
    environments: tuple[Environment, ...]


@dataclass(frozen=True, slots=True)
class Environments:
    """All of them. written_out: the settings, by their keys, whose secrets stand in the file itself."""

    repositories: tuple[Configured, ...] = ()
    written_out: tuple[str, ...] = ()

    def of(self, repository: str, repository_id: int) -> tuple[Environment, ...]:
        """A repository's own, in the file's order; none where another one has taken its name. repository: owner/name,
        in any case, as on GitHub."""
        return next(
            (
                one.environments
                for one in self.repositories
                if one.name.lower() == repository.lower() and one.id in (None, repository_id)
            ),
            (),
        )


def read_environments(path: Path | None, variables: Mapping[str, str]) -> Environments:
    """None: there are none. variables: what ${NAME} in a text stands for. Raises InputError, one sentence with file and
    line that holds no value."""
    if path is None:
        return Environments()
    import pydantic  # here, because it takes 70 ms to import, and most machines have no such file

    from workers.environments.config_form import FileForm

    file = _File(str(path), _text(path))
    raw = file.raw()
    try:
        forms = FileForm.model_validate(_filled(raw, file, (), variables)).repositories
    except pydantic.ValidationError as error:
        line_at = functools.partial(line_of, file.text)
        raise InputError(complaint(error, file.path, line_at, "key = value")) from None
    repositories = tuple(Configured(name, form.id, form.made(name)) for name, form in forms.items())
    for wrong in wrongs({one.name: one.environments for one in repositories}):
        raise file.wrong(wrong.keys, wrong.why)
    return Environments(repositories, tuple(_written_out(raw, ())))


# ---------------------------------------------------------------- the file


@dataclass(frozen=True, slots=True)
class _File:
    path: str
    text: str

    def wrong(self, keys: Keys, why: str) -> InputError:
        return InputError(f"{self.path}:{line_of(self.text, keys)}: {'.'.join(map(str, keys))} {why}.")

    def raw(self) -> dict[str, Any]:
        try:
            return tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            told = _PLACE.fullmatch(str(error))
            why, line = (told[1], int(told[2])) if told else (str(error), self.text.count("\n") + 1)
            raise InputError(f"{self.path}:{line}: not TOML: {why}.") from None
        except RecursionError:
            raise InputError(f"{self.path}: nested too deeply.") from None


_PLACE = re.compile(r"(.*) \(at line ([0-9]+), column [0-9]+\)", re.DOTALL)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8.") from None


_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_VARIABLE_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]*")


def _filled(value: object, file: _File, keys: Keys, variables: Mapping[str, str]) -> object:
    """The same with the variables' values in its texts. A value is no TOML: it stays in its text."""
    if isinstance(value, dict):
        return {key: _filled(each, file, (*keys, key), variables) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, file, (*keys, place), variables) for place, each in enumerate(value)]
    if not isinstance(value, str):
        return value
    for name in _VARIABLE.findall(value):
        if not _VARIABLE_NAME.fullmatch(name):
            raise file.wrong(keys, "has a ${…} that names no environment variable")
        if not variables.get(name):
            raise file.wrong(keys, f"needs the environment variable {name}, which is not set")
    return _VARIABLE.sub(lambda found: variables[found[1]], value)


def _written_out(value: object, keys: tuple[str, ...]) -> Iterator[str]:
    """Where a secret stands in the file, and no variable's name."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _written_out(each, (*keys, key))
    elif isinstance(value, str) and keys[-1] in _SECRET and _VARIABLE.sub("", _SECRET[keys[-1]](value)):
        yield ".".join(keys)


def _password(url: str) -> str:
    """As it is written; what cannot be told apart may be one."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    told = dict(parse_qsl(parts.query))
    return "".join((parts.password or "", *(told.get(key, "") for key in ("password", "sslpassword", "api_key"))))


_SECRET: Mapping[str, Callable[[str], str]] = {
    **dict.fromkeys(("url", "pooled_url", "copy_url"), _password),
    "api_key": str,
}
