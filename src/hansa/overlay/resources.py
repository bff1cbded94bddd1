"""The eight kinds of resource (M5), by the ids that the source protocol gives them."""

from __future__ import annotations

COMPUTATIONAL_POWER = "computational_power"
MEMORY_CAPACITY = "memory_capacity"
KNOWLEDGE_BASE = "knowledge_base"
PROCESSING_QUEUE = "processing_queue"
CONSCIOUSNESS_STATE = "consciousness_state"
LEARNED_PATTERNS = "learned_patterns"
THREAT_INTELLIGENCE = "threat_intelligence"
OPTIMISATION_INSIGHTS = "optimisation_insights"

RESOURCES = (
    COMPUTATIONAL_POWER,
    MEMORY_CAPACITY,
    KNOWLEDGE_BASE,
    PROCESSING_QUEUE,
    CONSCIOUSNESS_STATE,
    LEARNED_PATTERNS,
    THREAT_INTELLIGENCE,
    OPTIMISATION_INSIGHTS,
)
"""What a node can offer, and a notice can look for."""
