"""What GitHub most often says no to: a field, and a number that nothing has."""

from __future__ import annotations

from typing import TypeVar

from tests.github.state import Refused

Thing = TypeVar("Thing")


def invalid(resource: str, name: str, message: str, code: str = "custom") -> Refused:
    """https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api#validation-failed"""
    error = {"resource": resource, "field": name, "code": code, "message": message}
    return Refused(422, "Validation Failed", (error,))


def find(things: dict[int, Thing], number: int) -> Thing:
    """Raises Refused (404)."""
    if number not in things:
        raise Refused(404, "Not Found")
    return things[number]
