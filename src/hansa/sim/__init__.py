"""Worlds of many nodes in one process, and models of many more."""
