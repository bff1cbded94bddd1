"""The tests of Hansa, one folder per room; each is named after the attack or the invariant it holds."""
