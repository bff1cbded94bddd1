"""Addresses of databases: what is one, which hold a secret, and where the other side must prove its name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.adapters.store.address import Address


@pytest.mark.parametrize(
    ("url", "remote", "verified"),
    [
        ("postgresql://hansa@/hansa?host=/run/postgresql", False, False),
        ("postgresql:///hansa", False, False),
        ("postgres://hansa@localhost:5433/hansa", False, False),
        ("postgresql://hansa@[::1]/hansa", False, False),
        ("postgresql://hansa@db.example.org/hansa", True, True),
        ("postgresql://hansa@db.example.org/hansa?sslmode=require", True, False),
        ("postgresql://hansa@/hansa?host=db.example.org", True, True),
    ],
)
def test_an_address_says_whether_the_other_side_must_prove_its_name(url: str, remote: bool, verified: bool) -> None:
    found = Address.parse(url)
    assert (found.remote, found.verified, str(found)) == (remote, verified, url)


@pytest.mark.parametrize(
    "url", ["", "hansa", "mysql://a/b", "postgresql://", "postgresql://host", "postgresql://h:port/d", "postgresql://h/d#x",
            "postgresql://h/d\n", "postgresql://[/d"],
)  # fmt: skip
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"address|must be"):
        Address.parse(url)


@given(st.text(alphabet="abcXYZ019-_.~", min_size=8, max_size=20), st.booleans())
def test_an_address_with_a_password_is_refused_and_never_quoted(secret: str, asked: bool) -> None:
    url = f"postgresql://u@h/d?password={secret}" if asked else f"postgresql://u:{secret}@h/d"
    with pytest.raises(ValueError, match="must not hold a password") as refused:
        Address.parse(url)
    assert secret not in str(refused.value)
