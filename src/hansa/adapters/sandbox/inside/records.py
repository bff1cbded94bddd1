"""What a trial writes to its supervisor: one record per event, written as it happens.

    <kind> <index> <status> <length of value or -> <length of error or -> (end of line) <value><error>

The writer shares its process with a stranger's code, which can write here too. So the reader takes nothing for
granted: bytes that are not exactly a sequence of records are `MalformedError`, and a record that a kill cut off is
dropped. Whether the records fit the job is for the supervisor to see.
"""

from __future__ import annotations

READY, REFUSED, ATTEMPT, END = "ready", "refused", "attempt", "end"
LOAD, CALL, SCRIPT = "load", "call", "script"
STATUSES = ("ok", "failed", "raised", "missing_module")
ENDS = ("completed", "memory", "output")

_KINDS = (READY, REFUSED, ATTEMPT, END, LOAD, CALL, SCRIPT)
_HEADER = 80

Record = tuple[str, int, str, "str | None", "str | None"]


class MalformedError(Exception):
    """The bytes are not a sequence of records."""


def encode(kind: str, index: int = 0, status: str = "-", value: str | None = None, error: str | None = None) -> bytes:
    """Returns one record's bytes; text that UTF-8 cannot hold is escaped."""
    bodies = [None if text is None else text.encode("utf-8", "backslashreplace") for text in (value, error)]
    lengths = ["-" if body is None else str(len(body)) for body in bodies]
    header = f"{kind} {index} {status} {lengths[0]} {lengths[1]}\n".encode()
    return header + b"".join(body for body in bodies if body)


def decode(data: bytes) -> list[Record]:
    """Reads records until the bytes end.

    Raises:
        MalformedError: something in between is not a record.
    """
    records: list[Record] = []
    at = 0
    while True:
        line_end = data.find(b"\n", at, at + _HEADER)
        if line_end < 0:
            if len(data) - at >= _HEADER:
                raise MalformedError
            return records
        kind, index, status, lengths = _header(data[at:line_end])
        at = line_end + 1
        texts: list[str | None] = []
        for length in lengths:
            if length is None:
                texts.append(None)
                continue
            if at + length > len(data):
                return records
            texts.append(data[at : at + length].decode("utf-8", "replace"))
            at += length
        records.append((kind, index, status, texts[0], texts[1]))


def _header(line: bytes) -> tuple[str, int, str, list[int | None]]:
    fields = line.decode("ascii", "replace").split(" ")
    if len(fields) != 5 or fields[0] not in _KINDS:
        raise MalformedError
    return fields[0], _number(fields[1]), fields[2], [None if text == "-" else _number(text) for text in fields[3:]]


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise MalformedError
    return int(text)
