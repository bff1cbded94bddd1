"""Keys: the published vectors, and the one spelling."""

from __future__ import annotations

import pytest

from hansa.identity.keys import PublicKey, SigningKey
from tests.attacks.specimens import key

RFC_8032 = {
    "test 1": (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b",
    ),
    "test 2": (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        "387b2eaeb4302aeeb00d291612bb0c00",
    ),
    "test 3": (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
        "4a7c15e9716ed28dc027beceea1ec40a",
    ),
}
"""Section 7.1: secret, public, message, signature."""

DID_KEY = {
    0: "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp",
    1: "did:key:z6MkjchhfUsD6mmvni8mCdXHw216Xrm9bQe2mBH1P5RDjVJG",
    2: "did:key:z6MknGc3ocHs3zdPiJbnaaqDi58NGb4pk1Sp9WxWufuXSdxf",
}
"""W3C CCG, did:key method, test vectors for Ed25519: the key of each seed, a number in 32 big-endian bytes."""


@pytest.mark.parametrize("name", RFC_8032)
def test_the_vectors_of_rfc_8032(name: str) -> None:
    seed, public, message, signature = (bytes.fromhex(part) for part in RFC_8032[name])
    signer = SigningKey(seed)
    assert signer.public.raw == public
    assert signer.sign(message) == signature
    assert PublicKey.parse(public).fits(signature, message)
    assert not PublicKey.parse(public).fits(signature, message + b"\0")


@pytest.mark.parametrize("number", DID_KEY)
def test_the_vectors_of_did_key(number: int) -> None:
    public = SigningKey(number.to_bytes(32, "big")).public
    assert public.did == DID_KEY[number]
    assert PublicKey.from_did(DID_KEY[number]) == public


def test_a_did_leads_back_to_its_key() -> None:
    for number in range(20):
        assert PublicKey.from_did(key(number).public.did) == key(number).public


def test_a_signature_fits_its_own_message_and_key_only() -> None:
    signature = key(1).sign(b"yes")
    assert key(1).public.fits(signature, b"yes")
    assert not key(1).public.fits(signature, b"no")
    assert not key(2).public.fits(signature, b"yes")


def test_signing_twice_gives_the_same_bytes() -> None:
    assert key(1).sign(b"m") == key(1).sign(b"m")


@pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
def test_a_seed_has_32_bytes(length: int) -> None:
    with pytest.raises(ValueError, match="a seed has 32 bytes"):
        SigningKey(bytes(length))


def test_a_signing_key_never_shows_its_secret() -> None:
    seed = bytes(range(32))
    shown = f"{SigningKey(seed)!r} {SigningKey(seed)} {SigningKey(seed).public!r}"
    assert SigningKey(seed).public.did in shown
    assert seed.hex() not in shown
    assert repr(seed)[2:-1] not in shown
