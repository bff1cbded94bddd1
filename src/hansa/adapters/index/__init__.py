"""Finding skills by meaning: `SparseIndex`, and the one way to take a text apart into words."""
