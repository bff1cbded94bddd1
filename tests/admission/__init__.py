"""The numbered checks between a proved author and a domain room."""
