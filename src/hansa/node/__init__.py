"""The whole node: what it asks of the outside (`ports`), how a message flows (`node`), what it shows (`views`)."""
