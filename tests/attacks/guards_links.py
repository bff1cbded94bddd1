"""The guards of links to other nodes, in the form of `tests.attacks.guards`."""

from __future__ import annotations

from tests.attacks.guards import Guard, rows_by

rows = rows_by(
    {
        "a39": "attacks/test_039_links",
        "a64": "attacks/test_064_overlay_upgrade",
        "contract": "transport/test_transport_contract",
        "fabric": "transport/test_fabric",
        "hand": "identity/test_handshake",
        "pieces": "transport/test_pieces",
        "sealing": "identity/test_sealing",
        "ws": "transport/test_websocket",
    }
)

HANDSHAKE = rows(
    "identity/handshake.py",
    (
        "    if len(data) > MAX_MESSAGE:  # 1\n",
        "    if False:\n",
        "hand:what_is_too_long_is_not_parsed",
    ),
    (
        "    if theirs.protocol not in me.protocols:  # 1\n",
        "    if False:\n",
        "hand:a_version_that_is_not_spoken_is_refused_by_name",
    ),
    (
        "    if theirs.network != me.network:  # 2\n",
        "    if False:\n",
        "hand:another_network_is_refused_by_either_end contract:a_node_of_another_network_is_refused",
    ),
    (
        "    if theirs.node == me.node:  # 2\n",
        "    if False:\n",
        "hand:a_node_does_not_link_to_itself",
    ),
    (
        "        if self._whom is not None and theirs.node != self._whom:  # 2\n",
        "        if False:\n",
        "hand:another_node_than_the_one_that_was_asked_for_is_refused",
    ),
    (
        "        if theirs.to != self._me.node:  # 2\n",
        "        if False:\n",
        "hand:an_answer_to_another_node_is_refused",
    ),
    (
        '        if theirs.to not in ("", self._me.node):  # 2\n',
        "        if False:\n",
        "hand:who_relays_a_handshake_is_found_out_and_reads_nothing",
    ),
    (
        "        if not key.fits(signature, statement):  # 3\n",
        "        if False:\n",
        "hand:what_was_said_once_is_of_no_use_again hand:who_puts_keys_of_its_own_into_the_hellos_is_found_out",
    ),
    (
        "    payload = msgspec.msgpack.encode((role, by, to, order, _transcript(said)))\n",
        "    payload = msgspec.msgpack.encode((role, by, to, order))\n",
        "hand:what_was_said_once_is_of_no_use_again",
    ),
    (
        "dsse.pre_authentication_encoding(LINK_TYPE, payload)",
        "payload",
        "hand:the_signature_is_over_a_type_of_its_own",
    ),
    (
        "    if len(theirs.roots) > MAX_VERSIONS:  # 4\n",
        "    if False:\n",
        "hand:more_versions_than_a_handshake_shows_are_refused_by_both",
    ),
    (
        "    if sum(len(one.signatures) for one in read) > MAX_SIGNATURES:\n",
        "    if False:\n",
        "hand:more_signatures_than_are_checked_are_refused_unchecked",
    ),
    (
        "        if mine != other:  # 4\n",
        "        if False:\n",
        "hand:metadata_that_contradicts_what_is_known_is_refused",
    ),
    (
        "    chain = shown if len(shown) > len(known) else known\n",
        "    chain = shown\n",
        "hand:a_key_that_was_retired_makes_no_link_even_when_the_old_metadata_is_shown",
    ),
    (
        "    if newest.expires and now >= newest.expires:  # 5\n",
        "    if False:\n",
        "hand:metadata_past_its_expiry_makes_no_link",
    ),
    (
        "    if not signers.isdisjoint(roster.retired):  # 5\n",
        "    if False:\n",
        "hand:a_key_that_was_retired_makes_no_link_even_when_the_old_metadata_is_shown",
    ),
    (
        "    check_signers(Roster(roster.keys, roster.threshold), 0, signers)  # 5\n",
        "",
        "hand:a_name_without_its_key_proves_nothing"
        " hand:a_node_whose_metadata_asks_for_two_keys_signs_with_two"
        " contract:a_node_that_signs_with_another_key_is_refused_by_either_end",
    ),
)

SEALING = rows(
    "identity/sealing.py",
    (
        "        self._count += 1\n        return plain\n",
        "        return plain\n",
        "sealing:what_is_sealed_opens_in_order",
    ),
    (
        "        if self._count >= MAX_MESSAGES:\n",
        "        if False:\n",
        "sealing:a_key_that_has_sealed_all_it_may_seals_no_more",
    ),
    (
        "salt=transcript",
        "salt=None",
        "sealing:keys_differ_where_anything_said_before_differs",
    ),
    (
        "    return both[:KEY_BYTES], both[KEY_BYTES:]\n",
        "    return both[:KEY_BYTES], both[:KEY_BYTES]\n",
        "sealing:a_message_is_not_sent_back_as_the_others_own",
    ),
)

DOOR = [
    *rows(
        "adapters/transport/doorman.py",
        (
            "        if self.half_open >= self._params.max_half_open:  # 1\n",
            "        if False:\n",
            "a39:places_at_the_door_are_counted_and_given_back",
        ),
        (
            "        if group and self._open.get(group, 0) >= self._params.max_half_open_per_host:  # 1\n",
            "        if False:\n",
            "a39:places_at_the_door_are_counted_and_given_back a39:a_network_of_ipv6_counts_as_one_host",
        ),
        (
            "        self._knock(group)  # 2\n",
            "",
            "a39:knocking_is_bounded_for_one_host_and_for_all"
            " a39:one_host_begins_no_more_than_sixty_handshakes_in_a_minute",
        ),
        (
            "            if len(self._hosts) > MAX_HOSTS:\n",
            "            if False:\n",
            "a39:hosts_that_knocked_are_remembered_within_bounds",
        ),
    ),
    *rows(
        "adapters/transport/links.py",
        (
            "            if len(self) >= self._params.max_links or incoming >= self._params.max_incoming:\n",
            "            if False:\n",
            "a39:links_that_others_begin_leave_places_for_those_of_ones_own",
        ),
        (
            "            if young or session.peer in self._making:  # 2\n",
            "            if False:\n",
            "fabric:the_rules_of_the_one_link",
        ),
        (
            "        elif old is not None and old.order >= session.order:\n",
            "        elif False:\n",
            "fabric:the_rules_of_the_one_link",
        ),
        (
            "        if self._standing.get(link.peer) is not link:\n",
            "        if False:\n",
            "fabric:a_link_that_stands_no_more_takes_no_other_with_it",
        ),
    ),
    *rows(
        "adapters/transport/fabric.py",
        (
            "            if unwanted is not None:\n                raise Refused(unwanted)\n",
            "",
            "fabric:a_node_that_is_not_wanted_gets_no_link_from_either_end",
        ),
        (
            '            raise Refused(unwanted, "this node wants no link to it")\n',
            "            pass\n",
            "fabric:a_node_that_is_not_wanted_gets_no_link_from_either_end",
        ),
    ),
    *rows(
        "entrypoints/http/overlay.py",
        (
            '        elif any(name in _OF_PAGES for name, _ in scope["headers"]):  # 2\n',
            "        elif False:\n",
            "a64:whatever_has_an_origin_is_refused_before_the_upgrade",
        ),
        (
            "        if carrier is None:  # 1\n",
            "        if False:\n",
            "a64:a_node_that_takes_no_links_says_so",
        ),
    ),
    *rows(
        "entrypoints/http/heads.py",
        (
            "ws_per_message_deflate=False",
            "ws_per_message_deflate=True",
            "a64:nothing_is_compressed_whatever_is_asked_for",
        ),
    ),
]

CARRIED = [
    *rows(
        "adapters/transport/pieces.py",
        (
            "            if self._size > MAX_FRAME:\n",
            "            if False:\n",
            "pieces:a_frame_in_pieces_is_bounded",
        ),
        (
            "            if at > end:\n",
            "            if False:\n",
            "pieces:a_piece_that_is_cut_short_is_refused",
        ),
    ),
    *rows(
        "adapters/transport/link.py",
        (
            "        if self._queue.size + len(data) > self._params.max_queue:\n            return False\n",
            "        if len(data) > self._params.max_queue or self._queue.size > 64 * self._params.max_queue:\n"
            "            return False\n",
            "contract:a_full_queue_takes_no_more_and_says_so",
        ),
        (
            " or len(data) > MAX_FRAME:\n",
            ":\n",
            "contract:a_frame_that_is_too_large_is_not_sent",
        ),
    ),
    *rows(
        "adapters/transport/websocket.py",
        (
            "own=self._own(near))  # 1\n",
            "own=True)\n",
            "ws:an_address_of_this_machine_is_followed_only_where_the_operator_gave_it",
        ),
        (
            "        return exc\n",
            "        return super().process_redirect(exc)\n",
            "ws:no_redirection_is_followed",
        ),
        (
            "compression=None, proxy=None,",
            "compression=None,",
            "ws:a_proxy_of_the_environment_is_not_asked",
        ),
    ),
]

GUARDS: list[Guard] = [*HANDSHAKE, *SEALING, *DOOR, *CARRIED]
BACKED: list[Guard] = []
