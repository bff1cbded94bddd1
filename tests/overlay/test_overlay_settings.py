"""Settings of a node's place in the overlay."""

from __future__ import annotations

from hansa.node.overlay_settings import OverlaySettings


def test_what_a_node_can_give_is_written_as_people_write_it_or_in_units() -> None:
    settings = OverlaySettings(
        capacities=("computational_power=4 cores", "memory_capacity = 8 GiB", "learned_patterns=12")
    )
    settings.validate()
    assert settings.offers() == {"computational_power": 4_000, "memory_capacity": 8_192, "learned_patterns": 12}
    assert OverlaySettings(capacities=("computational_power=1500",)).offers() == {"computational_power": 1_500}
