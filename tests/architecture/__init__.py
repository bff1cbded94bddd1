"""Tests about the code itself: its layers, its locks, its wheel, and the rules that no linter knows."""
