"""Finding skills by meaning: `HashedIndex`, and the one way to take a text apart into words."""
