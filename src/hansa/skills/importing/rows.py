"""A JSON object and its fields, read one by one with their types."""

from __future__ import annotations

from dataclasses import dataclass

from hansa.skills.model import MILLION


class BadRow(Exception):
    """A row can't be taken; the message continues "Line 12 …" and says what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """Fields of a row. Each reader raises `BadRow` naming the field when it is missing or of another type."""

    fields: dict[str, object]

    def text(self, name: str, default: str | None = None) -> str:
        """Returns a text; missing and null are the default, or an error without one."""
        value = self.fields.get(name)
        if value is None:
            if default is None:
                raise BadRow(f"has no `{name}`: add it, or leave the row out")
            return default
        if not isinstance(value, str):
            raise BadRow(f"has a `{name}` that is not text: write it as a string")
        return value

    def texts(self, name: str) -> list[str]:
        """Returns a list of texts; missing and null are an empty one."""
        value = self.fields.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise BadRow(f"has `{name}` that are not a list of texts: write them as a list of strings")
        return value

    def items(self, name: str) -> list[object]:
        """Returns a list; missing and null are an empty one."""
        value = self.fields.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise BadRow(f"has a `{name}` that is not a list: write it as a list")
        return value

    def flag(self, name: str) -> bool | None:
        """Returns true, false, or None when it is missing or null."""
        value = self.fields.get(name)
        if value is not None and not isinstance(value, bool):
            raise BadRow(f"has `{name}` that is not true or false: write one of them")
        return value

    def fraction(self, name: str) -> int:
        """Returns a fraction 0..1 in millionths; missing and null are 0."""
        value = self.fields.get(name)
        if value is None:
            return 0
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise BadRow(f"has a `{name}` that is not a number from 0 to 1: correct it")
        return round(value * MILLION)

    def count(self, name: str) -> int:
        """Returns a whole number of 0 or more; missing and null are 0."""
        value = self.fields.get(name)
        if value is None:
            return 0
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
            raise BadRow(f"has a `{name}` that is not a whole number of 0 or more: correct it")
        return value
