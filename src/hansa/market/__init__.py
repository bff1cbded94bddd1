"""Who has what, and who needs it? Offers, requests, what is matched to what, leases and what is owed for them."""
