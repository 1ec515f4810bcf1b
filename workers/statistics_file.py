"""What production has counted, JSON: its shape, and what it becomes."""

from __future__ import annotations

import functools
import json

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from workers.complaints import complaint
from workers.errors import InputError
from workers.policy import Statistics, TablePolicy, relation
from workers.yaml_lines import line_of, load


class _Form(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)


class _Table(_Form):
    rows: int = Field(ge=0)
    bytes: int | None = Field(None, ge=0)


class _Index(_Form):
    scans: int = Field(ge=0)


class _Counted(_Form):
    tables: dict[str, _Table]
    indexes: dict[str, _Index] = {}


def parse_statistics(text: str, path: str) -> Statistics:
    """Reads what production has counted, as the query in docs/statistics.md prints it; what else is in it is passed
    over. Raises InputError, one sentence with the line."""
    try:
        told = _Counted.model_validate(json.loads(text))
    except json.JSONDecodeError as error:
        raise InputError(f"{path}:{error.lineno}: not JSON: {error.msg}.") from None
    except RecursionError:
        raise InputError(f"{path}: nested too deeply.") from None
    except ValidationError as error:
        node, _ = load(text, path)  # JSON is YAML, and YAML knows its lines
        line_at = functools.partial(line_of, node) if node else lambda _: 1
        raise InputError(complaint(error, path, line_at, '"key": value')) from None
    return Statistics(
        tuple((relation(name), TablePolicy(table.rows, size_bytes=table.bytes)) for name, table in told.tables.items()),
        tuple((relation(name), index.scans) for name, index in told.indexes.items()),
    )
