"""A link as a QR code of text, to be photographed off the terminal.

Light squares are drawn, dark ones left blank, as on a dark terminal; most cameras read it the other way round too.
"""

from __future__ import annotations

import importlib.util
import io

from hansa.kernel.errors import UsageError

BORDER = 2
"""Light squares around it; ISO/IEC 18004 asks for four, cameras are content with two."""


def check_installed() -> None:
    """Raises UsageError when the library that draws is not there."""
    if importlib.util.find_spec("segno") is None:
        raise UsageError("QR codes are drawn by an extra that is not installed: pip install 'hansa[qr]'")


def drawn(text: str) -> str:
    """Returns a text's QR code in half blocks, a line for two rows of squares.

    Raises:
        UsageError: see `check_installed`.
    """
    check_installed()
    import segno

    out = io.StringIO()
    segno.make(text, micro=False).terminal(out, border=BORDER, compact=True)
    return out.getvalue().rstrip("\n")
