"""The words every room shares: ids, instants, verdicts, reasons, errors, canonical JSON, limits, jobs.

The kernel imports nothing of Hansa and does no I/O. Start reading at `reasons.py` (the closed list of why something
was refused) and `canonical.py` (which bytes are a message at all).
"""
