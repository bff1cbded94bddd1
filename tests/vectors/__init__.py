"""Conformance: cases that every implementation must judge alike, and two implementations that do."""
