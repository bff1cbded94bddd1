"""The fixtures of the command line, for tests that run `hansa` as a person would."""

from tests.cli.conftest import hansa, home, node

__all__ = ["hansa", "home", "node"]
