"""Split a web server access log line into its fields.

Steps:
1. Match the common log format, with or without referrer and agent at the end.
2. Cut the request into method and path.
3. Turn status and size into numbers; a dash for the size means nothing was sent.
Tags: parsing, logs
License: MIT
"""

import re

_LINE = re.compile(
    r'(?P<host>\S+) \S+ \S+ \[(?P<time>[^\]]+)\] "(?P<method>[A-Z]+) (?P<path>\S+)[^"]*" '
    r'(?P<status>[0-9]{3}) (?P<size>[0-9]+|-)(?: "[^"]*" "[^"]*")?\s*'
)


def parse_access_log(line: str) -> dict[str, object]:
    r"""Returns the host, time, method, path, status and size of `line`, status and size as numbers.

    Raises:
        ValueError: the line is not in the common or the combined log format.

    >>> parse_access_log('h - - [noon] "GET /a?b=1 HTTP/1.1" 200 512')
    {'host': 'h', 'time': 'noon', 'method': 'GET', 'path': '/a?b=1', 'status': 200, 'size': 512}
    >>> parse_access_log('h - ann [t 1] "POST /x HTTP/2" 204 -')
    {'host': 'h', 'time': 't 1', 'method': 'POST', 'path': '/x', 'status': 204, 'size': 0}
    >>> parse_access_log('::1 - - [t] "HEAD / HTTP/1.0" 301 9 "http://from/" "Agent (x; y)"')
    {'host': '::1', 'time': 't', 'method': 'HEAD', 'path': '/', 'status': 301, 'size': 9}
    >>> parse_access_log('h - - [t] "GET /old" 404 0')
    {'host': 'h', 'time': 't', 'method': 'GET', 'path': '/old', 'status': 404, 'size': 0}
    """
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError("the line is not in the common log format")
    fields: dict[str, object] = dict(match.groupdict())
    fields["status"] = int(match["status"])
    fields["size"] = 0 if match["size"] == "-" else int(match["size"])
    return fields


def test_every_field_is_carried_over() -> None:
    for status in (200, 302, 500):
        for path in ("/", "/a/b.html", "/?q=%20"):
            fields = parse_access_log(
                f'198.51.100.7 - eve [01/Feb/2024:10:00:00 +0000] "PUT {path} HTTP/1.1" {status} 7'
            )
            assert (fields["path"], fields["status"]) == (path, status)
            assert fields["time"] == "01/Feb/2024:10:00:00 +0000"


def test_lines_in_other_formats_are_refused() -> None:
    for line in ("", "hello", 'h - - [t] "GET /" 20 5', 'h - - [t] "GET /" 200 many', 'h - - "GET /" 200 5'):
        try:
            parse_access_log(line)
        except ValueError:
            continue
        raise AssertionError(f"{line!r} was accepted")
