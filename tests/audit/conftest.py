"""The fixtures of commands."""

from tests.cli.conftest import hansa, home

__all__ = ["hansa", "home"]
