"""edwards25519, slow and obvious: the reference that keys are held against (RFC 8032, section 5.1).
Affine points, one modular inverse per addition, nothing constant-time: for tests only.

    >>> encode(BASE).hex()[:8]
    '58666666'
    >>> multiply(L, BASE) == NEUTRAL
    True
"""

from __future__ import annotations

import hashlib

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
SQRT_MINUS_1 = pow(2, (P - 1) // 4, P)

Point = tuple[int, int]
NEUTRAL: Point = (0, 1)


def on_curve(point: Point) -> bool:
    """Says whether -x^2 + y^2 = 1 + d x^2 y^2."""
    x, y = point
    return (-x * x + y * y - 1 - D * x * x * y * y) % P == 0


def add(a: Point, b: Point) -> Point:
    """Returns a + b by the complete addition law."""
    product = D * a[0] * b[0] * a[1] * b[1] % P
    x = (a[0] * b[1] + a[1] * b[0]) * pow(1 + product, -1, P)
    y = (a[1] * b[1] + a[0] * b[0]) * pow(1 - product, -1, P)
    return x % P, y % P


def negate(a: Point) -> Point:
    """Returns -a."""
    return -a[0] % P, a[1]


def multiply(scalar: int, point: Point) -> Point:
    """Returns scalar · point by doubling and adding."""
    result = NEUTRAL
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def x_of(y: int, odd: int) -> int | None:
    """Returns the x of that parity on the curve for y, or None; x = 0 is even, and asking for its odd half gives it."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * SQRT_MINUS_1 % P
    if x * x % P != square:
        return None
    return -x % P if x % 2 != odd and x != 0 else x


def encode(point: Point) -> bytes:
    """Returns the canonical 32 bytes of a point."""
    x, y = point
    return (y | (x & 1) << 255).to_bytes(32, "little")


def decode(raw: bytes) -> Point | None:
    """Returns the point that a lenient reader sees in 32 bytes: y is reduced, the sign of x = 0 is ignored."""
    number = int.from_bytes(raw, "little")
    y = (number & (1 << 255) - 1) % P
    x = x_of(y, number >> 255)
    return None if x is None else (x, y)


def is_canonical(raw: bytes) -> bool:
    """Says whether 32 bytes are the one encoding of a point on the curve."""
    point = decode(raw)
    return point is not None and encode(point) == raw


def order_divides_8(point: Point) -> bool:
    """Says whether the point is of small order."""
    return multiply(8, point) == NEUTRAL


def small_order_points() -> list[Point]:
    """Returns all points whose order divides 8: the multiples of one of order 8, found by clearing the large part."""
    for y in range(2, 100):
        x = x_of(y, 0)
        if x is not None:
            torsion = multiply(L, (x, y))
            if multiply(4, torsion) != NEUTRAL:
                return [multiply(n, torsion) for n in range(8)]
    raise AssertionError("half of all points have a part of order 8")


def non_canonical_encodings() -> list[bytes]:
    """Returns every 32 bytes that a lenient reader takes for a point and that are not how it is written.

    These are y = p … 2^255 - 1, both signs, and x = 0 (that is y = 1 and y = -1) with the sign bit set.
    """
    numbers = [*range(P, 1 << 255), 1, P - 1]
    both = [sign | y for y in numbers for sign in (0, 1 << 255)]
    candidates = [number.to_bytes(32, "little") for number in both]
    return [raw for raw in candidates if decode(raw) is not None and not is_canonical(raw)]


def challenge(r: bytes, a: bytes, message: bytes) -> int:
    """Returns k = SHA-512(R || A || M) mod L."""
    return int.from_bytes(hashlib.sha512(r + a + message).digest(), "little") % L


def fits(a: bytes, signature: bytes, message: bytes) -> bool:
    """Says whether S·B = R + k·A, without the cofactor, R compared as bytes, S < L; small orders pass."""
    point, s = decode(a), int.from_bytes(signature[32:], "little")
    if point is None or s >= L:
        return False
    k = challenge(signature[:32], a, message)
    return encode(add(multiply(s, BASE), negate(multiply(k, point)))) == signature[:32]


def _base() -> Point:
    y = 4 * pow(5, -1, P) % P
    x = x_of(y, 0)
    assert x is not None
    return x, y


BASE = _base()
