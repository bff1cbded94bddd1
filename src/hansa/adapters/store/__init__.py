"""Where rows are kept: `MemoryStore` (tests, simulator) and `SqliteStore` (the node), held to one contract suite."""
