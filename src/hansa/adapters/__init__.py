"""The outside: one port of `node.ports` each, behind an adapter that behaves like its in-memory twin."""
