"""The overlay's bodies are read strictly."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.kernel import canonical
from hansa.kernel.ids import content_id
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import Wire, parse
from hansa.overlay.messages import MAX_URL, Hello, Index, Join, Joined, Outcome, Welcome
from tests.attacks.specimens import reason

ID = content_id(b"hello")
GOOD: dict[type[Wire], dict[str, Any]] = {
    Hello: {"versions": ["1.0"], "name": "Lübeck", "role": "node", "skills": 3},
    Welcome: {"to": ID, "version": "1.0", "name": "Visby", "role": "hub"},
    Join: {"proof": ID, "name": "Lübeck", "role": "node", "url": "https://harbour.example"},
    Joined: {"to": ID, "outcome": "refused", "reason": "bad_invitation", "name": "Visby", "role": "hub"},
    Index: {"length": 7, "head": ID},
}
REQUIRED = [
    (Hello, "versions"), (Welcome, "to"), (Welcome, "version"), (Join, "proof"), (Joined, "to"), (Joined, "outcome"),
    (Index, "length"), (Index, "head"),
]  # fmt: skip

bodies = st.one_of(
    st.builds(
        Hello,
        versions=st.lists(st.text(min_size=1, max_size=16), min_size=1, max_size=16).map(tuple),
        name=st.text(max_size=64),
        role=st.text(max_size=16),
        skills=st.integers(0, 2**40),
    ),
    st.builds(
        Welcome,
        to=st.binary().map(content_id),
        version=st.text(min_size=1, max_size=16),
        name=st.text(max_size=64),
        role=st.text(max_size=16),
    ),
    st.builds(
        Join,
        proof=st.binary().map(content_id),
        name=st.text(max_size=64),
        role=st.text(max_size=16),
        url=st.text(max_size=MAX_URL),
    ),
    st.builds(
        Joined,
        to=st.binary().map(content_id),
        outcome=st.sampled_from(Outcome),
        reason=st.text(max_size=64),
        name=st.text(max_size=64),
        role=st.text(max_size=16),
    ),
    st.builds(Index, length=st.integers(0, 2**40), head=st.one_of(st.just(""), st.binary(max_size=3).map(content_id))),
)


@given(bodies)
def test_a_body_is_read_as_it_was_written(body: Wire) -> None:
    assert parse(canonical.decode(canonical.encode(msgspec.to_builtins(body))), type(body)) == body


@pytest.mark.parametrize("shape", GOOD, ids=lambda shape: shape.__name__)
def test_an_unknown_field_is_refused(shape: type[Wire]) -> None:
    assert parse(GOOD[shape], shape)
    assert reason(parse, {**GOOD[shape], "trusted": True}, shape) is Reason.BAD_BODY


@pytest.mark.parametrize(("shape", "field"), REQUIRED)
def test_a_missing_field_is_refused(shape: type[Wire], field: str) -> None:
    body = {key: value for key, value in GOOD[shape].items() if key != field}
    assert reason(parse, body, shape) is Reason.BAD_BODY


@pytest.mark.parametrize(("shape", "field"), REQUIRED)
def test_only_required_fields_are_needed(shape: type[Wire], field: str) -> None:
    wanted = {name for owner, name in REQUIRED if owner is shape}
    assert parse({key: value for key, value in GOOD[shape].items() if key in wanted}, shape)


@pytest.mark.parametrize(
    ("shape", "field", "bad"),
    [
        (Hello, "versions", []),
        (Hello, "versions", ["1.0"] * 17),
        (Hello, "versions", [""]),
        (Hello, "versions", ["x" * 17]),
        (Hello, "versions", "1.0"),
        (Hello, "versions", [1]),
        (Hello, "name", "x" * 65),
        (Hello, "name", None),
        (Hello, "role", "x" * 17),
        (Hello, "skills", -1),
        (Hello, "skills", 2**40 + 1),
        (Hello, "skills", "3"),
        (Hello, "skills", True),
        (Welcome, "to", ""),
        (Welcome, "to", ID[1:]),
        (Welcome, "to", ID.upper()),
        (Welcome, "version", ""),
        (Welcome, "version", "x" * 17),
        (Join, "proof", ""),
        (Join, "proof", ID[1:]),
        (Join, "url", "x" * (MAX_URL + 1)),
        (Joined, "to", ID.upper()),
        (Joined, "outcome", "perhaps"),
        (Joined, "reason", "x" * 65),
        (Index, "length", -1),
        (Index, "length", 2**40 + 1),
        (Index, "length", 7.0),
        (Index, "length", None),
        (Index, "head", ID[1:]),
        (Index, "head", ID + "0"),
        (Index, "head", ID.upper()),
        (Index, "head", ID + "\n"),
        (Index, "head", "\n"),
        (Index, "head", None),
    ],
)
def test_a_value_out_of_its_bounds_is_refused(shape: type[Wire], field: str, bad: Any) -> None:
    assert reason(parse, {**GOOD[shape], field: bad}, shape) is Reason.BAD_BODY
