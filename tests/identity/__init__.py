"""Keys, envelopes and root metadata, used as intended. What attackers do with them is in tests/attacks."""
