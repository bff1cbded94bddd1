"""Tests of the skills room: what is known, and how well it is proved."""
