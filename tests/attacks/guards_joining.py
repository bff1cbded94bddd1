"""The guards of joining by invitation, in the form of `tests.attacks.guards`."""

from __future__ import annotations

from tests.attacks.guards import Guard

_CODE = "tests/overlay/test_invitation.py::test_"
_JOIN = "tests/node/test_joining.py::test_"
_IN = "tests/attacks/test_066_joining.py::test_"
_LIFE = "tests/node/test_invitations_machine.py::test_whatever_happens_in_whatever_order_the_uses_add_up"
_CLI = "tests/cli/test_joining.py::test_"
_STORE = "tests/store/test_sqlite.py::test_"

CODES: list[Guard] = [
    Guard(
        "overlay/invitation.py",
        "if fits(one, given, inviter, joiner) and one.is_open(now):",
        "if fits(one, given, inviter, joiner):",
        (f"{_CODE}only_an_open_invitation_is_found_and_all_are_looked_at",),
    ),
    Guard(
        "overlay/invitation.py",
        "            found = one\n    return found",
        "            return one\n    return None",
        (
            f"{_CODE}only_an_open_invitation_is_found_and_all_are_looked_at",
            f"{_CODE}the_cost_of_a_used_up_an_unknown_and_a_good_code_is_one",
        ),
    ),
    Guard(
        "overlay/invitation.py",
        "return Phase.OPEN if now < self.expires else Phase.EXPIRED",
        "return Phase.OPEN",
        (f"{_CODE}the_life_of_an_invitation", f"{_JOIN}an_expired_code_lets_nobody_in"),
    ),
    Guard(
        "overlay/invitation.py",
        "if self.uses <= 0:",
        "if False:",
        (f"{_CODE}the_life_of_an_invitation", f"{_JOIN}a_used_up_code_lets_nobody_else_in"),
    ),
    Guard(
        "overlay/invitation.py",
        "replace(self, uses=self.uses - 1)",
        "replace(self, uses=self.uses)",
        (f"{_CODE}the_life_of_an_invitation", f"{_JOIN}a_used_up_code_lets_nobody_else_in", _LIFE),
    ),
    Guard(
        "overlay/invitation.py",
        "_DOMAIN, inviter.encode(), joiner.encode()",
        "_DOMAIN, inviter.encode()",
        (
            f"{_CODE}a_proof_is_good_for_one_joiner_and_one_inviter",
            f"{_IN}a_proof_that_was_overheard_is_no_good_to_another_key",
        ),
    ),
    Guard(
        "overlay/invitation.py",
        "_DOMAIN, inviter.encode(), joiner.encode()",
        "_DOMAIN, joiner.encode()",
        (f"{_IN}a_proof_shown_to_one_node_is_no_good_at_another",),
    ),
    *(
        Guard("overlay/invitation.py", line, "if False:", (f"{_CODE}an_invitation_without_bounds_is_none",))
        for line in (
            "if not 1 <= self.uses <= MAX_USES:",
            "if not MIN_TIME_MS <= self.expires - self.created <= MAX_TIME_MS:",
            "if self.per_minute is not None and self.per_minute < 1:",
            "if len(self.note) > MAX_NOTE:",
        )
    ),
]

DOOR: list[Guard] = [
    Guard(
        "node/doorkeeper.py",
        "if known.peer is not None and known.peer.invited:  # 1",
        "if False:  # 1",
        (f"{_JOIN}joining_twice_takes_one_use", f"{_JOIN}a_lost_answer_costs_nothing", _LIFE),
    ),
    Guard(
        "node/doorkeeper.py",
        "if known.peer is not None and known.peer.invited:  # 1",
        "if known.peer is not None:  # 1",
        (f"{_JOIN}who_joins_is_a_peer_on_both_sides_and_subscribed",),
    ),
    Guard(
        "node/doorkeeper.py",
        "if self._core.asks_first:  # 2",
        "if False:  # 2",
        (f"{_JOIN}a_hub_that_restored_a_backup_lets_nobody_in_by_what_is_in_it",),
    ),
    Guard(
        "node/joining.py",
        "return row.url == url and row.reason == Reason.UNKNOWN_PEER.code",
        "return False",
        (
            f"{_JOIN}reports_that_a_source_refuses_from_a_stranger_are_told_and_go_out_after_joining",
            f"{_CLI}reports_that_nobody_takes_are_named_and_joining_brings_them",
        ),
    ),
    Guard(
        "node/joining.py",
        "return row.url == url and row.reason == Reason.UNKNOWN_PEER.code",
        "return row.reason == Reason.UNKNOWN_PEER.code",
        (f"{_JOIN}reports_that_a_source_refuses_from_a_stranger_are_told_and_go_out_after_joining",),
    ),
    Guard(
        "node/recovery.py",
        ", DropInvitations(void)])",
        "])",
        (f"{_JOIN}a_hub_that_restored_a_backup_lets_nobody_in_by_what_is_in_it",),
    ),
    Guard(
        "node/doorkeeper.py",
        "if known.request is not None and (invitation is None or invitation.ask):  # 3, 4",
        "if False:",
        (f"{_JOIN}who_asks_waits_until_it_is_approved",),
    ),
    Guard(
        "node/doorkeeper.py",
        "if known.request is not None and (invitation is None or invitation.ask):  # 3, 4",
        "if known.request is not None:",
        (f"{_JOIN}who_waits_comes_in_by_a_code_that_does_not_ask",),
    ),
    Guard(
        "node/doorkeeper.py",
        "if invitation.ask and len(self._core.store.requests()) >= MAX_WAITING:  # 4",
        "if False:  # 4",
        (f"{_JOIN}so_many_wait_and_no_more", f"{_IN}a_flood_of_asks_fills_nothing"),
    ),
    Guard(
        "node/doorkeeper.py",
        "_asks(met, invitation, admitted) if invitation.ask else _comes_in(met, invitation)  # 5",
        "_comes_in(met, invitation)",
        (f"{_JOIN}who_asks_waits_until_it_is_approved", f"{_IN}whoever_waits_may_do_nothing_yet", _LIFE),
    ),
    Guard(
        "node/doorkeeper.py",
        "effects = Effects([PutInvitation(invitation.used(now))])",
        "effects = Effects()",
        (f"{_JOIN}a_used_up_code_lets_nobody_else_in", _LIFE),
    ),
    Guard(
        "node/doorkeeper.py",
        "live_seq=message.header.seq,",
        "live_seq=-1,",
        (f"{_IN}a_join_sent_again_lets_nobody_in",),
    ),
    Guard(
        "node/doorkeeper.py",
        "live_seq=row.live_seq,",
        "live_seq=-1,",
        (f"{_IN}a_join_sent_again_lets_nobody_in",),
    ),
    Guard(
        "node/doorkeeper.py",
        "banned=row.banned,",
        "",
        (f"{_JOIN}removing_lifts_no_ban",),
    ),
    Guard(
        "node/doorkeeper.py",
        "if met.banned:",
        "if False:",
        (f"{_JOIN}a_ban_while_it_waits_is_not_lifted_by_approving",),
    ),
    Guard(
        "node/doorkeeper.py",
        "if len(held) - len(closed) >= MAX_INVITATIONS:",
        "if False:",
        (f"{_JOIN}there_are_so_many_open_invitations_and_no_more",),
    ),
    Guard(
        "node/doorkeeper.py",
        "invitation.validate()\n",
        "pass\n",
        (f"{_CLI}an_invitation_that_makes_no_sense_is_not_made",),
    ),
    Guard(
        "node/doorkeeper.py",
        'return url if url.startswith(("http://", "https://")) and url.isprintable() else ""',
        "return url",
        (f"{_JOIN}what_a_joiner_says_is_its_address_is_shown_and_not_called",),
    ),
    Guard(
        "node/doorkeeper.py",
        "if len(found) != 1:",
        "if not found:",
        (f"{_JOIN}an_id_that_fits_two_is_not_guessed",),
    ),
    Guard(
        "node/inbox.py",
        "names[TURN] = None",
        "pass",
        (f"{_JOIN}an_invitation_that_is_taken_back_meanwhile_does_not_come_back",),
    ),
    Guard(
        "node/inbox.py",
        "names = {name: None for name in found",
        "names = {TURN: None} | {name: None for name in found",
        (f"{_JOIN}joins_in_a_group_and_an_approval_do_not_wait_for_each_other_for_ever",),
    ),
    Guard(
        "node/inbox.py",
        "LIVE_DOORS = (overlay.HELLO, overlay.JOIN)",
        "LIVE_DOORS = (overlay.HELLO,)",
        (f"{_IN}no_other_door_lets_in",),
    ),
    Guard(
        "node/core.py",
        "overlay.JOIN: Freshness.LIVE,",
        "overlay.JOIN: Freshness.DURABLE,",
        (f"{_IN}the_code_itself_works", f"{_IN}a_join_out_of_time_or_place_is_refused"),
    ),
]

JOINER: list[Guard] = [
    Guard(
        "node/joining.py",
        "if fingerprint(welcome.author) != code.fingerprint:",
        "if False:",
        (f"{_JOIN}a_code_of_another_node_is_not_even_shown",),
    ),
    Guard(
        "node/joining.py",
        "if joined.to != sealed.id:",
        "if False:",
        (f"{_JOIN}an_answer_that_is_none_makes_no_peer",),
    ),
    Guard(
        "node/joining.py",
        "if joined.outcome is Outcome.ADMITTED:",
        "if True:",
        (f"{_JOIN}who_asks_waits_until_it_is_approved",),
    ),
    Guard(
        "node/joining.py",
        "if joined.outcome is Outcome.REFUSED:",
        "if False:",
        (f"{_JOIN}a_used_up_code_lets_nobody_else_in",),
    ),
    Guard(
        "node/joining.py",
        "if welcome.author == self._core.me:",
        "if False:",
        (f"{_JOIN}nobody_joins_itself",),
    ),
    Guard(
        "node/joining.py",
        "all(one.url != url for one in self._core.store.subscriptions())",
        "True",
        (f"{_JOIN}a_subscription_that_is_there_keeps_its_filters_and_its_place",),
    ),
    Guard(
        "node/joining.py",
        "await self._subscriber.greet(url, inviter)",
        "await self._subscriber.greet(url)",
        (f"{_JOIN}who_was_agreed_to_is_who_is_joined",),
    ),
    Guard(
        "entrypoints/cli/peer_commands.py",
        'if not yes and interactive("another node would be let in"):',
        "if False:",
        (f"{_CLI}on_a_terminal_it_shows_who_invites_and_asks_first",),
    ),
    Guard(
        "entrypoints/cli/options.py",
        "if not sys.stdin.isatty():",
        "if False:",
        ("tests/cli/test_bad_input.py::test_nothing_is_agreed_to_where_nobody_can_be_asked",),
    ),
    Guard(
        "entrypoints/operations/peers.py",
        "if text and (not good or len(text) > MAX_URL):",
        "if False:",
        (f"{_JOIN}an_address_that_is_none_is_refused",),
    ),
    Guard(
        "entrypoints/cli/peer_commands.py",
        "qr.check_installed()  # before an invitation is made that nobody sees",
        "pass",
        (f"{_CLI}without_the_extra_it_says_which_one_and_makes_no_invitation",),
    ),
    Guard(
        "adapters/store/codec.py",
        "if invitation.id != kept:",
        "if False:",
        (f"{_STORE}an_invitation_whose_secret_was_changed_is_damage",),
    ),
]  # fmt: skip
