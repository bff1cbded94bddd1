"""The eight kinds of resource (M5): their ids as the source protocol gives them, and what one unit of each is.

Time on a machine, room in it and turns at it are *leased*: who uses them takes them from others, until the lease is
over. What is known is *copied*: it is as good for whoever has it already.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Resource(StrEnum):
    """What a node can offer, and a notice can look for."""

    COMPUTATIONAL_POWER = "computational_power"
    MEMORY_CAPACITY = "memory_capacity"
    KNOWLEDGE_BASE = "knowledge_base"
    PROCESSING_QUEUE = "processing_queue"
    CONSCIOUSNESS_STATE = "consciousness_state"
    LEARNED_PATTERNS = "learned_patterns"
    THREAT_INTELLIGENCE = "threat_intelligence"
    OPTIMISATION_INSIGHTS = "optimisation_insights"


@dataclass(frozen=True, slots=True)
class Unit:
    """What amounts of a resource count.

    Attributes:
        name: of one of them.
        leased: whether whoever uses it takes it from others; else it is copied.
    """

    name: str
    leased: bool


UNITS: Mapping[Resource, Unit] = {
    Resource.COMPUTATIONAL_POWER: Unit("thousandth of a processor", leased=True),
    Resource.MEMORY_CAPACITY: Unit("MiB", leased=True),
    Resource.KNOWLEDGE_BASE: Unit("record", leased=False),
    Resource.PROCESSING_QUEUE: Unit("job at a time", leased=True),
    Resource.CONSCIOUSNESS_STATE: Unit("snapshot", leased=False),
    Resource.LEARNED_PATTERNS: Unit("record", leased=False),
    Resource.THREAT_INTELLIGENCE: Unit("record", leased=False),
    Resource.OPTIMISATION_INSIGHTS: Unit("record", leased=False),
}
"""Every resource."""
