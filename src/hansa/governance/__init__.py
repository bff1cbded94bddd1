"""What are the rules, and who settles a conflict? The constitution, and disputes; votes come later."""
