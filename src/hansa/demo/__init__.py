"""The demonstration: two nodes, one task list, with and without federation."""
