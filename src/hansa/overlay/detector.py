"""Who does not answer any more: probing neighbours, doubting them, and giving them up. SWIM with Lifeguard's patience.

Rules, in order:

1. each interval the neighbour of whom nothing came for longest is pinged: a ping shows its sender to be alive as well,
   so two neighbours take turns; without a `Pong` in time, helpers are asked to `Reach` it
2. a probe has failed when its time is over, at a node that feels well already when all helpers have tried in vain; a
   failure that no helper answered at all says more about this node than about the other one: it is asked again, and
   only the third in a row counts
3. a failed probe makes a doubt: it is said to everybody, unless enough others have said it, and the doubted is probed
   each interval, through one further helper each time until so many have tried
4. whatever comes from the doubted itself, or a `Pong` on its behalf, ends the doubt
5. each neighbour that tried in vain or doubts as well, k at most, shortens the doubt (`overlay.suspicion`)
6. a doubt whose time is over, and during which a probe failed, is a verdict; it is this node's own and not passed on
7. what others say makes this node look for itself, and nothing else, through one helper; who is no neighbour, or not
   any more, gets time to answer first, the longest that a doubt may last, so that a word about a slow node does not
   send everybody to look for it: each look makes a link, and each link one more that notices its next pause
8. a clock tick that comes late shows that this node stood still: all that was running gets that time back
9. an accuser is blamed where the accused answers a ping at once, and by the accused itself where that one feels well
"""

from __future__ import annotations

import msgspec

from hansa.kernel.ids import NodeId
from hansa.kernel.instant import SECOND, Instant
from hansa.kernel.rng import Rng
from hansa.kernel.verdict import Reason
from hansa.overlay.awareness import Awareness
from hansa.overlay.calling import Calls
from hansa.overlay.detecting import Params
from hansa.overlay.doing import Blame, Close, Doing, Happened, Misdeed, Say
from hansa.overlay.frames import Ping, Pong, Reach, Silent
from hansa.overlay.helping import Helping
from hansa.overlay.member import Member, Phase, Turn
from hansa.overlay.patience import RoundTrips
from hansa.overlay.presence import SUSPICION, Suspicion
from hansa.overlay.probing import Doubt, Hearsay, Order, Probe
from hansa.overlay.roster import Roster
from hansa.overlay.suspicion import timeout_ms

_NONCES = 2**53


class Detector:
    """Probes, doubts and verdicts of one node."""

    def __init__(self, roster: Roster, calls: Calls, params: Params, rng: Rng, now: Instant) -> None:
        """Begins without neighbours."""
        self._roster = roster
        self._calls = calls
        self._params = params
        self._rng = rng
        self.awareness = Awareness()
        self._helping = Helping(roster, calls, params, rng.child("favours"))
        self._order = Order()
        self._trips = RoundTrips(params.ping_ms, params.soonest_ms, params.interval_ms)
        self._heard: dict[NodeId, int] = {}
        self._probes: dict[NodeId, Probe] = {}
        self._doubts: dict[NodeId, Doubt] = {}
        self._hearsay: dict[NodeId, Hearsay] = {}
        self._misses: dict[NodeId, int] = {}
        self._last = int(now)
        self._next = now + rng.below(params.interval_ms)
        self._looks = self._look = 0

    # ---- what happens

    def linked(self, peer: NodeId, now: Instant, doing: Doing) -> None:
        """A link stands: who is at its other end lives."""
        self._heard[peer] = now
        self._shown(peer, now, doing)
        self._helping.shown(peer, doing)

    def lost(self, peer: NodeId, on_purpose: bool, now: Instant, doing: Doing) -> None:
        """A link ended; where nobody wanted that, this node begins to doubt at once."""
        self._order.remove(peer)
        self._trips.forget(peer)
        self._heard.pop(peer, None)
        self._probes.pop(peer, None)
        self._misses.pop(peer, None)
        member = self._roster.get(peer)
        told = self._hearsay.get(peer)
        if on_purpose and told is not None:
            told.look_at = max(told.look_at, told.since + self._patience())  # 7
        if on_purpose or member is None or not member.is_there:
            return
        if member.phase is Phase.ALIVE and peer not in self._hearsay:
            self._hearsay[peer] = Hearsay(now, now)
            self._looks = int(now)

    def heard(self, peer: NodeId, frame: Ping | Pong | Reach | Silent, now: Instant, doing: Doing) -> None:
        """A neighbour said something, so it lives."""
        self._heard[peer] = now
        match frame:
            case Ping():
                doing.send(peer, Pong(frame.nonce))
            case Pong():
                self._answered(peer, frame.nonce, now, doing)
            case Reach():
                self._helping.asked(peer, frame, now, frame.whom in self._heard, doing)
            case Silent():
                self._silent(peer, frame.nonce, now)
        if peer in self._doubts or peer in self._hearsay:
            self._shown(peer, now, doing)  # 4

    def accused(self, accuser: NodeId, member: Member, incarnation: int, now: Instant) -> None:
        """A member doubts another one; whether the accuser counts at all was looked at before."""
        if incarnation < member.incarnation or not member.is_there:
            return
        near = accuser in self._heard
        doubt = self._doubts.get(member.id)
        if doubt is not None:
            if near:
                doubt.confirmed[accuser] = None  # 5
            return
        told = self._hearsay.get(member.id)
        if told is None:
            wait = 0 if member.id in self._heard else self._patience()  # 7
            told = self._hearsay[member.id] = Hearsay(now, now + wait)
            self._looks = min(self._looks, told.look_at)
        told.said += 1
        if near:
            told.accusers[accuser] = None

    def false_alarm(self, accuser: NodeId, whom: NodeId, doing: Doing) -> None:
        """Somebody was accused who was awake; whoever is no neighbour can't be blamed."""
        if accuser in self._heard:
            doing.blames.append(Blame(accuser, Misdeed.FALSE_ALARM))
            doing.events.append(Happened("false_alarm", accuser, whom))

    def spoke(self, member: Member, now: Instant, doing: Doing) -> None:
        """A member that was doubted has refuted that."""
        self._shown(member.id, now, doing)

    # ---- what is due

    def awake(self, now: Instant) -> None:
        """Notes that this node runs; called about every 100 ms, whatever is due."""
        gap, self._last = now - self._last, int(now)
        if gap > self._params.stall_ms:
            self._stood_still(gap)  # 8

    def tick(self, now: Instant, doing: Doing) -> None:
        """Does what is due."""
        self.awake(now)
        if now >= self._next:
            self._next = now + self.awareness.scaled(self._params.interval_ms)
            whom = self._order.take(self._heard, self._probes | self._doubts, now)
            if whom is not None:
                self._probe(whom, now, doing)  # 1
        for probe in list(self._probes.values()):
            if now >= probe.ends:
                self._failed(probe, now, doing)
            elif not probe.asked and now >= probe.ask_at:
                self._ask_others(probe, doing)
        if self._doubts:
            self._go_on_doubting(now, doing)
        if now >= self._looks and self._hearsay:
            self._look_for_itself(now, doing)
        self._helping.tick(now, doing)
        if now >= self._look:
            self._look = now + SECOND
            self._close_silent(now, doing)

    @property
    def due(self) -> int:
        """Before then nothing comes of `tick`, unless something happens first."""
        if self._doubts:
            return 0  # they are looked at each time
        soonest = min(self._next, self._look, self._helping.due)
        for probe in self._probes.values():
            soonest = min(soonest, probe.ends, probe.ends if probe.asked else probe.ask_at)
        return min(soonest, self._looks) if self._hearsay else soonest

    def _probe(self, whom: NodeId, now: Instant, doing: Doing) -> None:
        if whom in self._probes:
            return
        params = self._params
        nonce = self._rng.below(_NONCES)
        direct = whom in self._heard
        wait = self.awareness.scaled(self._trips.wait_ms(whom))
        reach = self.awareness.scaled(params.reach_ms if direct else params.dial_ms)
        probe = Probe(whom, nonce, direct, int(now), now + wait, now + wait + reach)
        self._probes[whom] = probe
        if direct:
            doing.send(whom, Ping(nonce, whom in self._doubts))
            return
        member = self._roster.get(whom)
        self._calls.place(whom, member.urls if member else (), now, doing, urgent=True)
        told = self._hearsay.get(whom)
        if told is not None and told.said:  # no hurry about who is no neighbour: others only where dialling fails
            probe.ask_at, probe.ends = now + params.dial_ms, now + params.dial_ms + params.reach_ms
        else:
            self._ask_others(probe, doing)

    def _ask_others(self, probe: Probe, doing: Doing) -> None:
        probe.asked = True
        doubt = self._doubts.get(probe.whom)
        tried = doubt.confirmed if doubt else {}
        told = self._hearsay.get(probe.whom)
        others = doubt is not None or (told is not None and told.said > 0)
        missing = self._params.helpers - len(tried)  # who tried in vain is not asked to try again
        wanted = min(1, missing) if others else missing
        for helper in self._helping.helpers(probe.whom, list(self._heard), tried, wanted):
            probe.helpers[helper] = False
            doing.send(helper, Reach(probe.nonce, probe.whom))

    def _answered(self, peer: NodeId, nonce: int, now: Instant, doing: Doing) -> None:
        probe = self._probes.get(peer)
        if probe is not None and probe.nonce == nonce:
            if probe.direct:
                self._trips.measured(peer, now - probe.began)
            told = self._hearsay.get(peer)
            if told is not None and peer not in self._doubts and now - told.since <= self._params.prompt_ms:  # 9
                for accuser in told.accusers:
                    self.false_alarm(accuser, peer, doing)
            self._shown(peer, now, doing)
            return
        if self._helping.answered(peer, nonce, doing):
            return
        for probe in self._probes.values():
            if probe.nonce == nonce and peer in probe.helpers:
                self._shown(probe.whom, now, doing)
                return

    def _silent(self, peer: NodeId, nonce: int, now: Instant) -> None:
        for probe in self._probes.values():
            if probe.nonce == nonce and peer in probe.helpers:
                probe.helpers[peer] = True
                if probe.direct and all(probe.helpers.values()) and self.awareness.score == 0:
                    probe.ends = max(int(now), probe.began + self._params.interval_ms)
                return

    def _failed(self, probe: Probe, now: Instant, doing: Doing) -> None:
        whom = probe.whom
        del self._probes[whom]
        silent = [helper for helper, tried in probe.helpers.items() if tried]
        doubt = self._doubts.get(whom)
        if probe.direct and not (doubt and doubt.confirmed):
            self.awareness.worse(len(probe.helpers) - len(silent) if probe.helpers else 1)
        if doubt is not None:
            doubt.confirmed.update(dict.fromkeys(silent))
            doubt.rounds += bool(silent) or not probe.helpers
            return
        if probe.helpers and not silent:  # 2
            self._misses[whom] = self._misses.get(whom, 0) + 1
            if self._misses[whom] < self._params.misses:
                self._probe(whom, now, doing)
                return
        self._begin_doubt(whom, silent, now, doing)

    def _begin_doubt(self, whom: NodeId, silent: list[NodeId], now: Instant, doing: Doing) -> None:
        told = self._hearsay.pop(whom, None)
        member = self._roster.get(whom)
        if member is None or not member.is_there:
            return
        confirmed = dict.fromkeys(silent) | {one: None for one in (told.accusers if told else {}) if one in self._heard}
        since = told.since if told else int(now)
        self._doubts[whom] = Doubt(whom, since, int(now), confirmed, rounds=int(bool(told and silent)))
        if member.phase is Phase.ALIVE:
            self._roster.turn(member, Turn.DOUBTED, now, doing)
        if told is None or told.said < self._params.helpers:
            said = Suspicion(whom=whom, incarnation=member.incarnation)
            doing.says.append(Say(SUSPICION, msgspec.to_builtins(said)))  # 3

    def _go_on_doubting(self, now: Instant, doing: Doing) -> None:
        params = self._params
        for doubt in list(self._doubts.values()):
            allowed = timeout_ms(params.suspicion, len(self._heard), len(doubt.confirmed), params.interval_ms)
            longest = timeout_ms(params.suspicion, len(self._heard), 0, params.interval_ms)
            age = now - doubt.since
            if age >= longest or (age >= allowed and doubt.rounds > 0):  # 6
                self._give_up(doubt, now, doing)
            elif now >= doubt.again and doubt.whom not in self._probes:
                doubt.again = now + self.awareness.scaled(params.interval_ms)
                self._probe(doubt.whom, now, doing)

    def _give_up(self, doubt: Doubt, now: Instant, doing: Doing) -> None:
        whom = doubt.whom
        del self._doubts[whom]
        self._probes.pop(whom, None)
        self._misses.pop(whom, None)
        member = self._roster.get(whom)
        if member is not None and member.phase is Phase.SUSPECT:
            why = f"{doubt.rounds} probes failed, {len(doubt.confirmed)} tried in vain"
            self._roster.turn(member, Turn.TIMED_OUT, now, doing, why)
        if whom in self._heard:
            doing.closes.append(Close(whom, Reason.UNREACHABLE))

    def _look_for_itself(self, now: Instant, doing: Doing) -> None:
        self._looks = now + self._params.interval_ms
        for whom, told in list(self._hearsay.items()):
            member = self._roster.get(whom)
            if member is None or not member.is_there:
                del self._hearsay[whom]
            elif now >= told.look_at and whom not in self._probes:
                far = sum(not probe.direct for probe in self._probes.values())
                if whom in self._heard or far < self._params.dials:
                    self._probe(whom, now, doing)
                else:
                    told.look_at = now + self._params.interval_ms
            self._looks = min(self._looks, max(told.look_at, now + 1))

    def _patience(self) -> int:
        longest = timeout_ms(self._params.suspicion, len(self._heard), 0, self._params.interval_ms)
        return longest + self._rng.below(longest // 2)

    def _shown(self, whom: NodeId, now: Instant, doing: Doing) -> None:
        if self._probes.pop(whom, None) is not None:
            self.awareness.better()
        self._misses.pop(whom, None)
        doubt = self._doubts.pop(whom, None)
        self._hearsay.pop(whom, None)
        member = self._roster.get(whom)
        if member is None or member.phase is Phase.LEFT:  # what was under way when it said goodbye
            return
        if doubt is not None or not member.is_there:
            self._roster.turn(member, Turn.SHOWN, now, doing)
        else:
            member.heard = now

    def _stood_still(self, gap: int) -> None:
        self.awareness.worse()
        for probe in self._probes.values():
            probe.began, probe.ask_at, probe.ends = probe.began + gap, probe.ask_at + gap, probe.ends + gap
        for doubt in self._doubts.values():
            doubt.since, doubt.again = doubt.since + gap, doubt.again + gap
        for told in self._hearsay.values():
            told.look_at += gap
        for peer in self._heard:
            self._heard[peer] += gap

    def _close_silent(self, now: Instant, doing: Doing) -> None:
        rounds = 3 * len(self._heard) * self._params.interval_ms
        oldest = now - self.awareness.scaled(max(self._params.silence_ms, rounds))
        for peer, at in self._heard.items():
            if at < oldest and peer not in self._doubts:
                doing.closes.append(Close(peer, Reason.UNREACHABLE))
