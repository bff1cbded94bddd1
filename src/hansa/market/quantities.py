"""Amounts, prices and times as people write them, and as they are read back; inside all of them are whole numbers.

| what | people write | inside |
|---|---|---|
| computational_power | `2 cores`, `1.5 cores`, `250m` | thousandths of a processor |
| memory_capacity | `4 GiB`, `512 MiB`, `1 TiB` | MiB |
| other resources | `3`, `3 jobs`, `10 records`, `1 snapshot` | units |
| credits | `2`, `0.06` | millionths |
| prices | `0.06`, for a core, a GiB or a unit, and for an hour of what is leased | millionths for a unit |
| lengths of time | `30m`, `2h`, `1h30m`, `1d` | milliseconds |

A bare number is no amount of computational power or memory, since nobody can tell whether it counts units or cores.
What is shown reads back as the same amount.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from hansa.kernel.errors import UsageError
from hansa.kernel.instant import DAY, HOUR, MINUTE, SECOND, Instant, from_iso
from hansa.kernel.plain import plain
from hansa.kernel.resources import UNITS, Resource
from hansa.market.messages import DEAREST, MOST_UNITS

MILLION = 1_000_000

_NUMBER = re.compile(r"(\d{1,15})(?:\.(\d{1,9}))?\s*([A-Za-z]*)", re.ASCII)
_CREDITS = re.compile(r"(-?)(\d{1,13})(?:\.(\d{1,6}))?", re.ASCII)
_SPAN = re.compile(r"(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?", re.ASCII)

_OF: Mapping[Resource, Mapping[str, int]] = {
    Resource.COMPUTATIONAL_POWER: {"core": 1000, "cores": 1000, "m": 1},
    Resource.MEMORY_CAPACITY: {"mib": 1, "gib": 1024, "tib": 1024 * 1024},
    Resource.PROCESSING_QUEUE: {"": 1, "job": 1, "jobs": 1},
    Resource.CONSCIOUSNESS_STATE: {"": 1, "snapshot": 1, "snapshots": 1},
}
_RECORDS: Mapping[str, int] = {"": 1, "record": 1, "records": 1}

_PRICED: Mapping[Resource, tuple[int, str]] = {
    Resource.COMPUTATIONAL_POWER: (1000, "core"),
    Resource.MEMORY_CAPACITY: (1024, "GiB"),
}
"""What people name a price for, where that is not one unit: how many units, and the name."""

_WRITTEN: Mapping[Resource, str] = {
    Resource.COMPUTATIONAL_POWER: '"2 cores" or "250m" (thousandths of one)',
    Resource.MEMORY_CAPACITY: '"4 GiB" or "512 MiB"',
}


def resource_of(text: str) -> Resource:
    """Returns the resource whose id a text is, or begins.

    Raises:
        UsageError: none, or more than one; it names all eight.
    """
    word = text.strip().lower().replace("-", "_").replace("optimiz", "optimis")
    found = [one for one in Resource if one.value == word] or [one for one in Resource if one.value.startswith(word)]
    if word and len(found) > 1:
        raise UsageError(f"{plain(text, 40)} may be {' or '.join(found)}: write more of it")
    if not found or not word:
        raise UsageError(f"{plain(text, 40) or 'nothing'} is no resource: it is one of {', '.join(Resource)}")
    return found[0]


def amount_of(resource: Resource, given: str | int) -> int:
    """Returns an amount in the resource's unit.

    Args:
        given: as people write it; a number counts units already.

    Raises:
        UsageError: it is none, less than one unit, no whole number of them, or more than anybody can have.
    """
    amount = given if isinstance(given, int) and not isinstance(given, bool) else _read(resource, str(given))
    if not 1 <= amount <= MOST_UNITS:
        bound = "at least one unit" if amount < 1 else "less"
        raise UsageError(
            f"the amount {plain(str(given), 40)} counts {amount} times one {UNITS[resource].name}: give {bound}"
        )
    return amount


def _read(resource: Resource, text: str) -> int:
    units = _OF.get(resource, _RECORDS)
    written = _WRITTEN.get(resource, f'"3", counted in {UNITS[resource].name}s')
    found = _NUMBER.fullmatch(text.strip())
    if found is None or found[3].lower() not in units:
        raise UsageError(f"{plain(text, 40) or 'nothing'} is no amount of {resource}: write {written}")
    scaled = _scaled(found[1], found[2] or "", units[found[3].lower()])
    if scaled is None:
        raise UsageError(f"{plain(text, 40)} is no whole number of units, each {UNITS[resource].name}")
    return scaled


def _scaled(whole: str, part: str, scale: int) -> int | None:
    """Returns a decimal number times a scale; None where that is no whole number."""
    total = int(whole + part) * scale
    return None if total % 10 ** len(part) else total // 10 ** len(part)


def amount(resource: Resource, units: int) -> str:
    """Returns an amount as people read it.

    >>> amount(Resource.COMPUTATIONAL_POWER, 1500), amount(Resource.COMPUTATIONAL_POWER, 250)
    ('1.5 cores', '250m')
    >>> amount(Resource.MEMORY_CAPACITY, 4096), amount(Resource.MEMORY_CAPACITY, 100)
    ('4 GiB', '100 MiB')
    """
    if resource is Resource.COMPUTATIONAL_POWER:
        if units < 1000:
            return f"{units}m"
        return f"{_decimal(units, 1000)} core{'' if units == 1000 else 's'}"
    if resource is Resource.MEMORY_CAPACITY:
        for size, name in ((1024 * 1024, "TiB"), (1024, "GiB")):
            if units >= size and units * 4 % size == 0:
                return f"{_decimal(units * 100 // size, 100)} {name}"
        return f"{units} MiB"
    return str(units)


def _decimal(number: int, scale: int) -> str:
    """Returns number / scale without a fraction's last zeros; `scale` is a power of ten."""
    whole, part = divmod(number, scale)
    digits = str(part).rjust(len(str(scale)) - 1, "0").rstrip("0")
    return f"{whole}.{digits}" if digits else str(whole)


def credits_of(given: str | int, what: str) -> int:
    """Returns credits in millionths.

    Args:
        given: credits as people write them; a number counts millionths already.
        what: the option, for the error.

    Raises:
        UsageError: it is none, negative, or too large.
    """
    if isinstance(given, int) and not isinstance(given, bool):
        millionths = given
    else:
        found = _CREDITS.fullmatch(str(given).strip())
        if found is None:
            raise UsageError(
                f"{what} {plain(str(given), 40)} is no number of credits: write 2 or 0.06, 6 decimals at most"
            )
        millionths = (_scaled(found[2], found[3] or "", MILLION) or 0) * (-1 if found[1] else 1)
    if not 0 <= millionths <= DEAREST:
        raise UsageError(f"{what} is {credits(millionths)} credits: from 0 to {credits(DEAREST)}")
    return millionths


def credits(millionths: int) -> str:
    """Returns credits as people read them.

    >>> credits(60_000), credits(-2_500_000), credits(3_000_000)
    ('0.06', '-2.5', '3')
    """
    return ("-" if millionths < 0 else "") + _decimal(abs(millionths), MILLION)


def per(resource: Resource) -> str:
    """Returns what people's prices of a resource are for."""
    each = _PRICED.get(resource, (1, UNITS[resource].name))[1]
    return f"{each} and hour" if UNITS[resource].leased else each


def price_of(resource: Resource, given: str | int, what: str) -> int:
    """Returns a price in millionths of a credit for one unit (and hour), the nearest that there is.

    Args:
        given: credits for a core, a GiB or a unit, as people write them; a number is what is returned.
        what: the option, for the error.

    Raises:
        UsageError: it is none, negative, too large, or so small that it would be nothing.
    """
    if isinstance(given, int) and not isinstance(given, bool):
        return credits_of(given, what)
    each = _PRICED.get(resource, (1, ""))[0]
    asked = credits_of(given, what)
    found = (2 * asked + each) // (2 * each)
    if asked and not found:
        least = f"{price(resource, 1)} for a {per(resource)}"
        raise UsageError(f"{what} {plain(str(given), 40)} is less than the least price here, {least}")
    return found


def price(resource: Resource, millionths: int) -> str:
    """Returns a price as people read it: credits for a core, a GiB or a unit, and for an hour of what is leased.

    >>> price(Resource.COMPUTATIONAL_POWER, 60), price(Resource.PROCESSING_QUEUE, 60)
    ('0.06', '0.00006')
    """
    return credits(millionths * _PRICED.get(resource, (1, ""))[0])


def span_of(given: str | int, what: str) -> int:
    """Returns a length of time in milliseconds.

    Args:
        given: as people write it; a number counts milliseconds already.
        what: the option, for the error.

    Raises:
        UsageError: it is none, nothing, or longer than 366 days.
    """
    if isinstance(given, int) and not isinstance(given, bool):
        lasts = given
    else:
        found = _SPAN.fullmatch(str(given).strip().lower().replace(" ", ""))
        if found is None or not any(found.groups()):
            raise UsageError(
                f"{what} {plain(str(given), 40) or 'empty'} is no length of time: write 30m, 2h, 1h30m or 1d"
            )
        sizes = (DAY, HOUR, MINUTE, SECOND)
        lasts = sum(int(one or 0) * size for one, size in zip(found.groups(), sizes, strict=True))
    if not 1 <= lasts <= 366 * DAY:
        raise UsageError(f"{what} must be longer than nothing, and 366 days at most")
    return lasts


def span(lasts: int) -> str:
    """Returns a length of time as people read it, to the second.

    >>> span(5_400_000), span(30_000), span(2 * DAY)
    ('1h30m', '30s', '2d')
    """
    left, found = max(0, lasts) // SECOND * SECOND, ""
    for size, name in ((DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s")):
        many, left = divmod(left, size)
        found += f"{many}{name}" if many else ""
    return found or "0s"


def moment_of(given: str | int | None, now: Instant, what: str) -> Instant:
    """Returns an instant from now on: ISO 8601, a length of time from now, or now for None.

    Raises:
        UsageError: it is none of these, or past.
    """
    if given is None or given == "":
        return now
    if isinstance(given, int) and not isinstance(given, bool):
        at = Instant(given)
    else:
        try:
            at = from_iso(str(given).strip())
        except (ValueError, OverflowError):
            at = Instant(now + span_of(given, what))
    if not now <= at < 2**53:
        raise UsageError(f"{what} {plain(str(given), 40)} is past: leave it out for now, or name a time to come")
    return at
