"""Attacks, numbered as in docs/security.md; each file is named after the attack that must not work."""
