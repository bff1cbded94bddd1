"""Tests of the conduct room."""
