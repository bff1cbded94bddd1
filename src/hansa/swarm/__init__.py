"""Tasks that nodes do for each other: what they can, who is asked, and what came of it. Pure."""
