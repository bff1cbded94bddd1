"""Group a list of records by the value of one field.

Steps:
1. Go through the records in order and look up the field; a record without it belongs to None.
2. Append the record to the list of its value, opening the list at first sight.
Tags: data, records
License: MIT
"""


def group_records(records: list[dict[str, object]], field: str) -> dict[object, list[dict[str, object]]]:
    """Returns the records under each value of `field`, values and records in order of appearance.

    >>> group_records([{"k": "a", "n": 1}, {"k": "b", "n": 2}, {"k": "a", "n": 3}], "k")
    {'a': [{'k': 'a', 'n': 1}, {'k': 'a', 'n': 3}], 'b': [{'k': 'b', 'n': 2}]}
    >>> group_records([{"n": 1}, {"k": 5}], "k")
    {None: [{'n': 1}], 5: [{'k': 5}]}
    >>> group_records([], "k")
    {}
    >>> group_records([{"k": "x"}, {"k": "x"}], "k")
    {'x': [{'k': 'x'}, {'k': 'x'}]}
    """
    groups: dict[object, list[dict[str, object]]] = {}
    for record in records:
        groups.setdefault(record.get(field), []).append(record)
    return groups


def test_no_record_is_lost_or_doubled() -> None:
    for count in range(1, 12):
        records: list[dict[str, object]] = [{"id": n, "bucket": n * n % 5} for n in range(count)]
        groups = group_records(records, "bucket")
        assert sorted(str(r["id"]) for group in groups.values() for r in group) == sorted(map(str, range(count)))
        assert all(r["bucket"] == value for value, group in groups.items() for r in group)
