r"""Writes samples in the Prometheus text format, version 0.0.4.

Written by us, for it is a page of rules: HELP, TYPE, a line for each sample; in labels the three characters `\`, `"`
and line end are escaped. A test reads it with Prometheus's own parser (docs/adr/0020-running-a-node.md says why so).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from hansa.entrypoints.metrics.families import FAMILIES, Family
from hansa.entrypoints.metrics.gather import Sample
from hansa.node.meters import Histogram

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def written(samples: Iterable[Sample]) -> str:
    """Returns all samples as text, family by family in the order of the list.

    Raises:
        ValueError: a sample has other labels than its family.
    """
    by_family: dict[str, list[Sample]] = {name: [] for name in FAMILIES}
    for sample in samples:
        if set(sample.labels) != set(FAMILIES[sample.family].labels):
            raise ValueError(f"{sample.family} has the labels {FAMILIES[sample.family].labels}")
        by_family[sample.family].append(sample)
    lines = [line for name, found in by_family.items() if found for line in _family(FAMILIES[name], found)]
    return "\n".join(lines) + "\n"


def _family(family: Family, samples: list[Sample]) -> Iterator[str]:
    name = family.sample_names[0] if family.kind == "counter" else family.name
    yield f"# HELP {name} {family.text}"
    yield f"# TYPE {name} {family.kind}"
    for sample in samples:
        if isinstance(sample.value, Histogram):
            yield from _histogram(family.name, sample.value, sample.labels)
        else:
            yield _line(name, sample.labels, sample.value)


def _histogram(name: str, made: Histogram, labels: Mapping[str, str]) -> Iterator[str]:
    counts = made.cumulative()
    for bound, count in zip((*map(_number, made.bounds), "+Inf"), counts, strict=True):
        yield _line(f"{name}_bucket", {**labels, "le": bound}, count)
    yield _line(f"{name}_sum", labels, made.sum)
    yield _line(f"{name}_count", labels, counts[-1])


def _line(name: str, labels: Mapping[str, str], value: float) -> str:
    inner = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
    return f"{name}{{{inner}}} {_number(value)}" if inner else f"{name} {_number(value)}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if int(value) == value else repr(float(value))
