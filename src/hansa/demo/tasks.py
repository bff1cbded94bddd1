"""What the demonstration's second agent asks for: one task per starter skill, in another person's words.

A task is an intent and acceptance cases. The cases are held out: none of them is among the examples that the skill
itself brings along, so a skill that satisfies them does so on inputs its author did not show.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Task:
    """An intent with the cases that an answer must satisfy.

    Attributes:
        intent: the need in plain words.
        cases: pairs of Python literals as text: the tuple of positional arguments and the expected value's `repr`.
    """

    intent: str
    cases: tuple[tuple[str, str], ...]


def _task(intent: str, *cases: tuple[str, str]) -> Task:
    return Task(intent, cases)


_TEXT = (
    _task(
        "I need a web-safe name for an article headline",
        ("('Ten Tips for Better Sleep',)", "'ten-tips-for-better-sleep'"),
        ("('C++ & Rust: a comparison',)", "'c-rust-a-comparison'"),
        ("('São Paulo 2024',)", "'sao-paulo-2024'"),
        ("('My Trip', '.')", "'my.trip'"),
    ),
    _task(
        "Convert variable names between naming conventions, e.g. get_total to getTotal",
        ("('get_total_price', 'camel')", "'getTotalPrice'"),
        ("('XMLHttpRequest', 'snake')", "'xml_http_request'"),
        ("('Content-Type', 'constant')", "'CONTENT_TYPE'"),
        ("('line height', 'pascal')", "'LineHeight'"),
    ),
    _task(
        "Make a preview of a long sentence that ends with dots when it doesn't fit",
        ("('A long walk through the old town', 16)", "'A long walk...'"),
        ("('Fits exactly', 12)", "'Fits exactly'"),
        ("('Two  spaces', 40)", "'Two spaces'"),
        ("('alpha beta gamma', 10, ' >')", "'alpha >'"),
    ),
    _task(
        "How different are two words? Give me the number of typos between them",
        ("('saturday', 'sunday')", "3"),
        ("('book', 'back')", "2"),
        ("('x', '')", "1"),
        ("('gumbo', 'gambol')", "2"),
    ),
    _task(
        "Hide people's contact details before I paste this log into a ticket: keep only the initial of each mailbox",
        ("('mail to: carol@corp.example.com',)", "'mail to: c***@corp.example.com'"),
        ("('Q7@x.dev;z_1@y.co.uk',)", "'Q***@x.dev;z***@y.co.uk'"),
        ("('price 5 @ 3',)", "'price 5 @ 3'"),
    ),
    _task(
        "Insert variables into a letter that has double curly braces around the names",
        ("('Order {{id}} ships {{ when }}', {'id': 17, 'when': 'today'})", "'Order 17 ships today'"),
        ("('{{a}}{{b}}{{a}}', {'a': 'x', 'b': '-'})", "'x-x'"),
        ("('plain', {'unused': 1})", "'plain'"),
    ),
    _task(
        "Give me diff statistics for an edited file: insertions, deletions, unchanged",
        ("('x\\ny\\nz', 'x\\nY\\nz')", "{'added': 1, 'removed': 1, 'kept': 2}"),
        ("('a\\nb', '')", "{'added': 0, 'removed': 2, 'kept': 0}"),
        ("('1\\n2\\n3', '0\\n1\\n2\\n3\\n4')", "{'added': 2, 'removed': 0, 'kept': 3}"),
    ),
    _task(
        "Break long prose at a fixed number of columns without running separate blocks together",
        ("('to be or not to be', 8)", "'to be or\\nnot to\\nbe'"),
        ("('a b\\n\\nc d', 3)", "'a b\\n\\nc d'"),
        ("('tiny', 80)", "'tiny'"),
    ),
)

_DATES = (
    _task(
        "How many weekdays lie from one day until another, not counting public holidays?",
        ("('2024-06-03', '2024-06-17')", "10"),
        ("('2024-01-01', '2024-01-06', ['2024-01-01'])", "4"),
        ("('2023-07-01', '2023-07-03')", "0"),
        ("('2024-02-28', '2024-03-02')", "3"),
    ),
    _task(
        "When is the next monthly payment due, also if the following month is shorter?",
        ("('2023-01-30', 1)", "'2023-02-28'"),
        ("('2024-08-31', 13)", "'2025-09-30'"),
        ("('2024-12-05', 1)", "'2025-01-05'"),
        ("('2024-01-15', -2)", "'2023-11-15'"),
    ),
    _task(
        "Print elapsed time so that people can read it, like 1 day and 4 hours",
        ("(7200,)", "'2 hours'"),
        ("(90061,)", "'1 day, 1 hour, 1 minute and 1 second'"),
        ("(61,)", "'1 minute and 1 second'"),
        ("(172805,)", "'2 days and 5 seconds'"),
    ),
    _task(
        "For how long do these two bookings clash? Both give arrival and departure, which belong to the stay",
        ("(('2024-07-01', '2024-07-31'), ('2024-07-15', '2024-08-15'))", "17"),
        ("(('2024-07-01', '2024-07-02'), ('2024-09-01', '2024-09-02'))", "0"),
        ("(('2024-12-30', '2025-01-02'), ('2024-12-31', '2025-01-01'))", "2"),
    ),
    _task(
        "Combine busy slots of a calendar into as few blocks as possible",
        ("([(9, 10), (10, 11), (13, 14)],)", "[(9, 11), (13, 14)]"),
        ("([(3, 4), (1, 2)],)", "[(1, 2), (3, 4)]"),
        ("([(0, 100), (5, 6), (99, 120)],)", "[(0, 120)]"),
    ),
    _task(
        "Someone typed a birthday in free form; I want YYYY-MM-DD",
        ("('12 August 1987',)", "'1987-08-12'"),
        ("('Jan 1, 2000',)", "'2000-01-01'"),
        ("('31-12-2019',)", "'2019-12-31'"),
        ("('2021/6/5',)", "'2021-06-05'"),
    ),
)

_PARSING = (
    _task(
        "Extract the fields of a structured log message in logfmt",
        ("('user=ann action=\"log in\" ok=true',)", "{'user': 'ann', 'action': 'log in', 'ok': 'true'}"),
        ("('x=1',)", "{'x': '1'}"),
        ("(\"path='/a b' n=\",)", "{'path': '/a b', 'n': ''}"),
    ),
    _task(
        "Which software release is newer? Answer with a sign",
        ("('3.0.0', '2.9.9')", "1"),
        ("('1.0.0-beta', '1.0.0-beta.2')", "-1"),
        ("('0.1.10', '0.1.9')", "1"),
        ("('4.5.6', '4.5.6+linux')", "0"),
    ),
    _task(
        "Load settings from a dotenv configuration",
        ("('PORT=8080\\nDEBUG=false',)", "{'PORT': '8080', 'DEBUG': 'false'}"),
        ("('# c\\n\\nNAME=\"Ann Lee\"\\n',)", "{'NAME': 'Ann Lee'}"),
        ("('export K=v # why\\nK=w',)", "{'K': 'w'}"),
    ),
    _task(
        "Timeout values in our config look like 5m or 2h15m30s, I want plain numbers",
        ("('2h15m30s',)", "8130"),
        ("('5m',)", "300"),
        ("('1d 1s',)", "86401"),
        ("('3h',)", "10800"),
    ),
    _task(
        "Understand a memory limit written as 512MiB or 2 kB",
        ("('512MiB',)", "536870912"),
        ("('2 kB',)", "2000"),
        ("('0.25 TiB',)", "274877906944"),
        ("('77 b',)", "77"),
    ),
    _task(
        "Get the parameters that follow the question mark in a link, including repeated ones",
        ("('page=2&sort=name',)", "{'page': ['2'], 'sort': ['name']}"),
        ("('?id=1&id=2&id=3',)", "{'id': ['1', '2', '3']}"),
        ("('t=100%25+sure',)", "{'t': ['100% sure']}"),
    ),
    _task(
        "Convert a pipe-separated README grid to dictionaries",
        ("('| city | pop |\\n|------|-----|\\n| Rome | 3 |',)", "[{'city': 'Rome', 'pop': '3'}]"),
        ("('|k|v|\\n|:-:|-|\\n|a|1|\\n|b|2|',)", "[{'k': 'a', 'v': '1'}, {'k': 'b', 'v': '2'}]"),
        ("('x | y\\n- | -\\n1',)", "[{'x': '1', 'y': ''}]"),
    ),
    _task(
        "Which page was requested from Apache, and what was the response?",
        (
            "('10.1.1.9 - - [05/Mar/2024:09:00:01 +0100] \"GET /index.html HTTP/1.1\" 200 1043',)",
            "{'host': '10.1.1.9', 'time': '05/Mar/2024:09:00:01 +0100', 'method': 'GET', 'path': '/index.html', "
            "'status': 200, 'size': 1043}",
        ),
        (
            "('a.example - bob [x] \"DELETE /item/4 HTTP/1.1\" 403 -',)",
            "{'host': 'a.example', 'time': 'x', 'method': 'DELETE', 'path': '/item/4', 'status': 403, 'size': 0}",
        ),
        (
            '(\'b - - [y] "GET / HTTP/1.1" 500 12 "-" "curl/8"\',)',
            "{'host': 'b', 'time': 'y', 'method': 'GET', 'path': '/', 'status': 500, 'size': 12}",
        ),
    ),
    _task(
        "At which minutes does this crontab entry fire?",
        ("('*/20', 0, 59)", "[0, 20, 40]"),
        ("('0,30', 0, 59)", "[0, 30]"),
        ("('10-14/2,59', 0, 59)", "[10, 12, 14, 59]"),
        ("('*', 1, 4)", "[1, 2, 3, 4]"),
    ),
    _task(
        "The print dialog says 2,5-8: tell me every sheet that will come out",
        ("('2,5-8',)", "[2, 5, 6, 7, 8]"),
        ("('10-12, 1',)", "[10, 11, 12, 1]"),
        ("('4,4,3-4',)", "[4, 3]"),
    ),
)

_DATA = (
    _task(
        "Bucket rows by category",
        (
            "([{'c': 'x', 'v': 1}, {'c': 'y', 'v': 2}, {'c': 'x', 'v': 3}], 'c')",
            "{'x': [{'c': 'x', 'v': 1}, {'c': 'x', 'v': 3}], 'y': [{'c': 'y', 'v': 2}]}",
        ),
        ("([{'n': 2}, {'n': 1}], 'n')", "{2: [{'n': 2}], 1: [{'n': 1}]}"),
        ("([{'a': 1}], 'b')", "{None: [{'a': 1}]}"),
    ),
    _task(
        "Drop repeated entries but don't reorder what stays",
        ("(['b', 'a', 'b', 'c', 'a'],)", "['b', 'a', 'c']"),
        ("([5, 5, 5],)", "[5]"),
        ("([{'k': 1}, {'k': 1}, {'k': 2}],)", "[{'k': 1}, {'k': 2}]"),
        ("(['z', 'y'],)", "['z', 'y']"),
    ),
    _task(
        "I want nested settings as a single table with paths like db.host",
        ("({'db': {'host': 'h', 'port': 1}, 'debug': True},)", "{'db.host': 'h', 'db.port': 1, 'debug': True}"),
        ("({'a': {'b': {'c': {'d': 0}}}}, '_')", "{'a_b_c_d': 0}"),
        ("({'only': 'leaf'},)", "{'only': 'leaf'}"),
    ),
    _task(
        "Apply user overrides on top of default settings, also inside sections",
        ("({'ui': {'dark': False, 'zoom': 1}}, {'ui': {'dark': True}})", "{'ui': {'dark': True, 'zoom': 1}}"),
        ("({'a': 1}, {'b': {'c': 2}})", "{'a': 1, 'b': {'c': 2}}"),
        ("({'p': 3, 'q': {'r': 1}}, {'p': {'s': 4}})", "{'p': {'s': 4}, 'q': {'r': 1}}"),
    ),
    _task(
        "Which words occur most often, and how many times?",
        ("(['to', 'be', 'or', 'not', 'to', 'be', 'to'], 2)", "[('to', 3), ('be', 2)]"),
        ("(['q', 'p', 'p', 'q'], 2)", "[('q', 2), ('p', 2)]"),
        ("(['one'], 1)", "[('one', 1)]"),
    ),
    _task(
        "Even out noisy measurements by averaging neighbours",
        ("([10, 20, 30, 40, 50], 3)", "[20.0, 30.0, 40.0]"),
        ("([1.5, 2.5], 2)", "[2.0]"),
        ("([4, 0, 8], 1)", "[4.0, 0.0, 8.0]"),
    ),
    _task(
        "Turn a matrix on its side, lines into verticals, also when the lines are uneven",
        ("([['a', 'b'], ['c', 'd'], ['e', 'f']],)", "[['a', 'c', 'e'], ['b', 'd', 'f']]"),
        ("([[1, 2, 3]],)", "[[1], [2], [3]]"),
        ("([[7, 8, 9], [1]], 0)", "[[7, 1], [8, 0], [9, 0]]"),
    ),
    _task(
        "Break an array into batches of n",
        ("([1, 2, 3, 4, 5, 6, 7], 3)", "[[1, 2, 3], [4, 5, 6], [7]]"),
        ("(['x', 'y', 'z'], 1)", "[['x'], ['y'], ['z']]"),
        ("([9, 8], 2)", "[[9, 8]]"),
    ),
    _task(
        "In what sequence must I build these packages, given what each requires?",
        ("({'web': ['api'], 'api': ['db', 'auth'], 'auth': ['db']},)", "['db', 'auth', 'api', 'web']"),
        ("({'z': [], 'y': [], 'x': ['z']},)", "['y', 'z', 'x']"),
        ("({'solo': []},)", "['solo']"),
    ),
    _task(
        "Fetch one element out of parsed JSON given a path like /users/0/name",
        ("({'users': [{'name': 'Ann'}]}, '/users/0/name')", "'Ann'"),
        ("({'k': {'': [1, 2]}}, '/k//1')", "2"),
        ("([True, None], '/1')", "None"),
        ("({'a': {'b': 1}}, '/a')", "{'b': 1}"),
    ),
)

_TABLES = (
    _task(
        "Filter a database query by user input without injection holes",
        ("({'email': 'a@b.c'},)", "('WHERE email = ?', ['a@b.c'])"),
        (
            "({'state': ['new', 'open', 'held'], 'team': 4},)",
            "('WHERE state IN (?, ?, ?) AND team = ?', ['new', 'open', 'held', 4])",
        ),
        ("({'parent': None},)", "('WHERE parent IS NULL', [])"),
    ),
    _task(
        "Store many dictionaries in a database table at once, with placeholders",
        (
            "('pets', [{'name': 'Rex', 'legs': 4}, {'name': 'Tweety', 'legs': 2}])",
            "('INSERT INTO pets (name, legs) VALUES (?, ?), (?, ?)', ['Rex', 4, 'Tweety', 2])",
        ),
        ("('k', [{'v': 1}, {'v': 2}, {'v': 3}])", "('INSERT INTO k (v) VALUES (?), (?), (?)', [1, 2, 3])"),
        ("('notes', [{'body': \"it's\"}])", "('INSERT INTO notes (body) VALUES (?)', [\"it's\"])"),
    ),
    _task(
        "Separate the commands in a migration file at semicolons, except those within strings",
        ("('CREATE TABLE a (x INT); DROP TABLE b;',)", "['CREATE TABLE a (x INT)', 'DROP TABLE b']"),
        ("(\"UPDATE t SET s = 'x;y'; COMMIT\",)", "[\"UPDATE t SET s = 'x;y'\", 'COMMIT']"),
        ("('SELECT 2 -- two; three',)", "['SELECT 2']"),
    ),
    _task(
        "Escape an arbitrary field so the database accepts it, reserved words too",
        ("('select',)", "'\"select\"'"),
        ("('main.order items',)", '\'"main"."order items"\''),
        ("('5\" pipe',)", '\'"5"" pipe"\''),
    ),
    _task(
        "Is this spreadsheet export split by commas, tabs or something else?",
        ("('id;name\\n1;x\\n2;y',)", "';'"),
        ("('a\\tb\\n1,5\\t2\\n',)", "'\\t'"),
        ("('x|y|z\\n1|2|3',)", "'|'"),
        ("('q,r\\n\"1,2\",3',)", "','"),
    ),
    _task(
        "Import a comma-separated export as dictionaries and give every cell its proper type",
        ("('sku,qty\\nA1,3\\nB2,14\\n',)", "[{'sku': 'A1', 'qty': 3}, {'sku': 'B2', 'qty': 14}]"),
        ("('p,q\\n0.5,false',)", "[{'p': 0.5, 'q': False}]"),
        ("('note,n\\n\"x, y\",\\n',)", "[{'note': 'x, y', 'n': None}]"),
    ),
    _task(
        "Export dictionaries for a spreadsheet, comma-separated, with a heading line",
        ("([{'x': 1, 'y': 2}, {'x': 3, 'y': 4}],)", "'x,y\\n1,2\\n3,4\\n'"),
        ("([{'n': 'Lee, Ann'}],)", "'n\\n\"Lee, Ann\"\\n'"),
        ("([{'p': 1}, {'q': 2}],)", "'p,q\\n1,\\n,2\\n'"),
    ),
    _task(
        "Tell me the range and average of one field across many rows",
        (
            "([{'t': 20}, {'t': 22}, {'t': 27}], 't')",
            "{'count': 3, 'missing': 0, 'min': 20, 'max': 27, 'mean': 23.0}",
        ),
        ("([{'t': None}], 't')", "{'count': 0, 'missing': 1, 'min': None, 'max': None, 'mean': None}"),
        ("([{'a': 1.5}, {'b': 9}], 'a')", "{'count': 1, 'missing': 1, 'min': 1.5, 'max': 1.5, 'mean': 1.5}"),
    ),
)

_NUMBERS = (
    _task(
        "Is this credit card typed correctly?",
        ("('4111 1111 1111 1111',)", "True"),
        ("('4111 1111 1111 1112',)", "False"),
        ("('5500-0000-0000-0004',)", "True"),
        ("('card',)", "False"),
    ),
    _task(
        "Convert a year to letters as on old buildings, such as MDCCLXXVI",
        ("(1776,)", "'MDCCLXXVI'"),
        ("(2024,)", "'MMXXIV'"),
        ("(49,)", "'XLIX'"),
        ("(9,)", "'IX'"),
    ),
    _task(
        "Compute a final grade where exams matter more than homework",
        ("([70, 100], [2, 1])", "80.0"),
        ("([4.0, 3.0], [3, 1])", "3.75"),
        ("([10, 20, 30], [0, 1, 1])", "25.0"),
    ),
    _task(
        "What response time do ninety-five out of a hundred requests stay under?",
        ("([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], 90)", "10.0"),
        ("([100, 200, 300], 0)", "100.0"),
        ("([8, 2, 4, 6], 50)", "5.0"),
    ),
    _task(
        "Bring an invoice total to two decimals using the banker's rule",
        ("('19.995',)", "'20.00'"),
        ("('0.125',)", "'0.12'"),
        ("('3.1',)", "'3.10'"),
        ("('-2.345',)", "'-2.34'"),
    ),
    _task(
        "Share a restaurant bill fairly so the parts add up to the total",
        ("(1000, [1, 1, 1])", "[334, 333, 333]"),
        ("(250, [2, 3])", "[100, 150]"),
        ("(7, [1, 1, 1, 1])", "[2, 2, 2, 1]"),
    ),
)

TASKS: tuple[Task, ...] = _TEXT + _DATES + _PARSING + _DATA + _TABLES + _NUMBERS
