"""How has each party behaved? A ledger of signed receipts of what was done to us and can be proved.

So far the ledger and the receipts about skills; the four lenses that read it come with the conduct policy.
"""
