"""Wire types are read strictly: each value has one spelling."""

from __future__ import annotations

import msgspec
import pytest

from hansa.kernel.ids import content_id
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import Id, Label, Wire, parse
from tests.attacks.specimens import reason

GOOD = content_id(b"a")


class Specimen(Wire, frozen=True):
    id: Id
    label: Label = ""
    count: int = 0


def test_a_body_of_its_shape_is_read() -> None:
    assert parse({"id": GOOD, "label": "x", "count": 1}, Specimen) == Specimen(id=GOOD, label="x", count=1)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"id": None},
        {"id": GOOD.upper()},
        {"id": GOOD[1:]},
        {"id": GOOD + "0"},
        {"id": " " + GOOD},
        {"id": GOOD, "more": 1},
        {"id": GOOD, "label": "x" * 65},
        {"id": GOOD, "count": "1"},
        {"id": GOOD, "count": True},
        {"id": GOOD, "count": 1.0},
    ],
)
def test_a_body_of_another_shape_is_refused(body: dict[str, object]) -> None:
    assert reason(parse, body, Specimen) is Reason.BAD_BODY


def test_an_id_with_a_line_end_is_no_second_spelling() -> None:
    assert reason(parse, {"id": GOOD + "\n"}, Specimen) is Reason.BAD_BODY


def test_what_was_read_does_not_change() -> None:
    with pytest.raises(AttributeError):
        parse({"id": GOOD}, Specimen).count = 2  # type: ignore[misc]
    assert msgspec.structs.asdict(Specimen(id=GOOD)) == {"id": GOOD, "label": "", "count": 0}
