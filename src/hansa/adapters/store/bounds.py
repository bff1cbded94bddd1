"""Where the store is, and bounds on it and on the disk under it, as settings."""

from __future__ import annotations

from dataclasses import dataclass

from hansa.adapters.store.address import Address

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class StoreBounds:
    """Place and bounds of the store.

    Attributes:
        url: a PostgreSQL database that keeps the rows, e.g. "postgresql://hansa@db.example.org/hansa"; empty: the file
            hansa.db in the data directory. A password has its place in ~/.pgpass or PGPASSWORD, and is refused here.
        min_free_bytes: while less than this is free on the disk, the node only reads: whatever would be written is
            refused as "disk full", and taken again once there is room. Raising it leaves more for others on that disk.
        max_bytes: how large the store's file may grow; 0 for as large as the disk.
        journal_lines: lines that `hansa why` can look back on, about 200 bytes each.
    """

    url: str = ""
    min_free_bytes: int = 64 * MIB
    max_bytes: int = 0
    journal_lines: int = 100_000

    def validate(self) -> None:
        """Raises ValueError naming the field when a value makes no sense; it never quotes the address."""
        if self.url:
            try:
                Address.parse(self.url)
            except ValueError as error:
                raise ValueError(f"url {error}") from None
        if self.min_free_bytes < 0:
            raise ValueError("min_free_bytes must not be negative")
        if self.max_bytes and self.max_bytes < MIB:
            raise ValueError(f"max_bytes must be 0 or at least {MIB}")
        if self.journal_lines < 1:
            raise ValueError("journal_lines must be at least 1")
