"""Real nodes, as processes of their own, on a network that is cut, narrowed and healed while they work."""
