"""The guards of the door and of calls to elsewhere, in the form of `tests.attacks.guards`."""

from __future__ import annotations

from tests.attacks.guards import Guard

_OUT = "tests/attacks/test_065_ssrf.py::test_"
_IN = "tests/attacks/test_063_pages_of_elsewhere.py::test_"
_CORPUS = (f"{_OUT}no_address_of_the_corpus_is_connected_to",)
_PAGES = (f"{_IN}no_page_changes_anything",)

GUARDS_WEB: list[Guard] = [
    Guard("adapters/guard.py", "if not self._allowed(address):  # 4", "if False:", _CORPUS),
    Guard("adapters/guard.py", 'if scheme == "http" and not self._listed(address):  # 5', "if False:", _CORPUS),
    Guard(
        "adapters/guard.py",
        "if own or (number is not None and self._listed(number)):",
        "if True:",
        (f"{_OUT}this_machine_is_reached_by_the_operators_word_alone",),
    ),
    Guard("adapters/guard.py", "str(number) in _LOCALHOST", "number.is_loopback", _CORPUS),
    Guard("adapters/guard.py", "if address.version == 6 and address.is_site_local:", "if False:", _CORPUS),
    Guard(
        "adapters/guard.py",
        "if address in _NAT64:",
        "if False:",
        (f"{_OUT}any_number_is_taken_only_when_it_is_public_in_every_disguise",),
    ),
    Guard("adapters/guard.py", "address.ipv4_mapped or address.sixtofour", "address.ipv4_mapped", _CORPUS),
    Guard("adapters/guard.py", ' or parts.query or parts.fragment:', ":", _CORPUS),
    Guard(
        "adapters/caller.py",
        'f"{target.scheme}://{place}:{target.port}{target.path}{call.path}"',
        'f"{target.scheme}://{target.authority}{target.path}{call.path}"',
        (f"{_OUT}a_name_that_changes_between_judging_and_connecting_changes_nothing",),
    ),
    Guard(
        "adapters/caller.py",
        "key = (target.scheme, target.host, target.port, address)",
        'key = (target.scheme, "", target.port, address)',
        (f"{_OUT}names_that_share_an_address_share_no_connection",),
    ),
    Guard(
        "adapters/caller.py",
        "follow_redirects=False",
        "follow_redirects=True",
        (f"{_OUT}a_redirection_is_not_followed",),
    ),
    Guard(
        "entrypoints/http/gate.py",
        "if not self._is_for_us(given):  # 1",
        "if False:",
        (*_PAGES, f"{_IN}a_rebound_name_can_not_even_look"),
    ),
    Guard(
        "entrypoints/http/gate.py",
        "elif changes and self._is_of_a_page(given, scope):  # 2",
        "elif False:",
        _PAGES,
    ),
    Guard(
        "entrypoints/http/gate.py",
        'elif changes and given.first(b"content-type").lower().strip().startswith(_FORMS):  # 3',
        "elif False:",
        _PAGES,
    ),
    Guard(
        "entrypoints/http/gate.py",
        'if given.first(b"sec-fetch-site", "none").lower() not in _OWN_SITES:',
        "if False:",
        _PAGES,
    ),
]  # fmt: skip
