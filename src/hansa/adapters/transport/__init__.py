"""Links to other nodes: one way of making and keeping them (`fabric`), and carriers that bring bytes across."""
