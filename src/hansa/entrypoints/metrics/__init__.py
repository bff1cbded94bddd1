"""What an operator's monitoring reads: a closed list of families, gathered from a node, written as Prometheus text."""

from hansa.entrypoints.metrics.families import FAMILIES
from hansa.entrypoints.metrics.gather import gather
from hansa.entrypoints.metrics.text import CONTENT_TYPE, written

__all__ = ["CONTENT_TYPE", "FAMILIES", "gather", "written"]
