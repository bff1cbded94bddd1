"""Build a parametrised SQL WHERE clause from a dictionary of conditions.

Steps:
1. Let only plain column names through, as names can't be parameters.
2. None becomes IS NULL, a list becomes IN with one mark per item, anything else an equals sign.
3. Join with AND and hand the values back separately, so that none is ever part of the SQL.
Tags: sql, security
License: MIT
"""

import re


def where_clause(conditions: dict[str, object]) -> tuple[str, list[object]]:
    """Returns the clause with question marks and the values for them, in order.

    Raises:
        ValueError: a column name has characters beyond letters, digits, underscores and one dot.

    >>> where_clause({"id": 7, "name": "O'Hara"})
    ('WHERE id = ? AND name = ?', [7, "O'Hara"])
    >>> where_clause({"u.role": ["admin", "owner"], "deleted": None})
    ('WHERE u.role IN (?, ?) AND deleted IS NULL', ['admin', 'owner'])
    >>> where_clause({"tag": []})
    ('WHERE 1 = 0', [])
    >>> where_clause({})
    ('', [])
    """
    terms: list[str] = []
    values: list[object] = []
    for column, wanted in conditions.items():
        if not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)?", column, re.ASCII):
            raise ValueError(f"{column!r} is not a plain column name")
        if wanted is None:
            terms.append(f"{column} IS NULL")
        elif isinstance(wanted, list):
            terms.append(f"{column} IN ({', '.join('?' * len(wanted))})" if wanted else "1 = 0")
            values.extend(wanted)
        else:
            terms.append(f"{column} = ?")
            values.append(wanted)
    return ("WHERE " + " AND ".join(terms) if terms else "", values)


def test_values_never_reach_the_sql() -> None:
    for value in ("'; DROP TABLE users; --", "1 OR 1=1", '"', "\\"):
        clause, values = where_clause({"a": value, "b": [value, value]})
        assert clause == "WHERE a = ? AND b IN (?, ?)"
        assert values == [value] * 3


def test_names_that_smuggle_sql_are_refused() -> None:
    for name in ("id; --", "a b", "", "x=1", "a.b.c", "1st", 'a"', "naïve", "id\n"):
        try:
            where_clause({name: 1})
        except ValueError:
            continue
        raise AssertionError(f"{name!r} was accepted")
