"""Wire types: strict, immutable structs, and the one way to read one from a message's body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

import msgspec

from hansa.kernel.canonical import check_bounds
from hansa.kernel.errors import Refused
from hansa.kernel.limits import WHOLE_ANSWERS, Limits
from hansa.kernel.verdict import Reason

Id = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
"""A content id."""

Label = Annotated[str, msgspec.Meta(max_length=64)]
"""A short text, possibly empty."""


class Wire(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of every body: unknown fields are refused, values never change."""


W = TypeVar("W", bound=msgspec.Struct)


def read_json(data: bytes, shape: type[W], limits: Limits = WHOLE_ANSWERS) -> W:
    """Returns the JSON in `data` as `shape`; unlike a message it need not be canonical, and is not signed.

    Args:
        limits: hold before anything is parsed, as they do for a message.

    Raises:
        Refused: TOO_LARGE, TOO_DEEP, TOO_MANY_KEYS, NOT_JSON.
    """
    check_bounds(data, limits)
    try:
        return msgspec.json.decode(data, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(Reason.NOT_JSON, str(error)[:160]) from None


def parse(body: Mapping[str, Any], shape: type[W]) -> W:
    """Returns `body` as `shape`.

    Raises:
        Refused: BAD_BODY, saying which field is off.
    """
    try:
        return msgspec.convert(body, shape)
    except msgspec.ValidationError as error:
        raise Refused(Reason.BAD_BODY, str(error)[:160]) from None
