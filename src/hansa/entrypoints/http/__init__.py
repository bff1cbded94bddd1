"""The node's one HTTP port: the REST door of H5 for peers and programs, and the operator's door."""
