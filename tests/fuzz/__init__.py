"""Fuzzing: whatever bytes come in, only errors of the tree in kernel/errors.py come out."""
