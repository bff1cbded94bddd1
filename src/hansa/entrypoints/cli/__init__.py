"""The command `hansa`: every operation of a node, for people (tables) and programs (`--json`)."""
