"""Has a database library open the file."""

import sqlite3


def attempt(host):
    database = sqlite3.connect(":memory:")
    database.execute("ATTACH ? AS host", (host["folder"] + "/escaped",))
    database.execute("CREATE TABLE host.x (y)")
    return "ESCAPED"
