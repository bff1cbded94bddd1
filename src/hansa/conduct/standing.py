"""What are we to each other, and what may they ask of us: a pure function of the account, the case and the time.

`steadfast` is the node's own policy:

    1. The door. Dealt with is everybody but whom a person banned (ignore_list), whoever's malice is not made up for by
       16 good dealings in a row, 32 after a second one, and so on (proven_malice), and whoever's wrongs add up to five,
       of which a good dealing mends a tenth of one, and so does each day (too_many_wrongs).
    2. The rung, the first of these that holds:
         nothing good yet since the last malice                            the lowest    nothing_proved_yet
         a wrong, and fewer than 3 good dealings in a row since            the lowest    answers_a_wrong
         fewer than 3 good dealings                                        the lowest    few_dealings
         sure that 4 of 5 of a latest run in this domain are good          trusted       proved_in_domain
         otherwise                                                         known         dealt_well
       The lowest is `newcomer` for whom the operator let in and the door is open, and `stranger` for anybody else.

Whoever is barred has lost the invitation and is a stranger like any fresh key; and no rung is higher for a fresh key
than for whoever did the same after other things. So nobody gains by a new key (threat 26).

`classic` is the Alliance protocol with the weights of `dealings`. It begins friendly, so a new key can pay there.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from hansa.conduct import classic
from hansa.conduct.account import Account
from hansa.conduct.classic import Occasion, Relationship
from hansa.conduct.steadfast import Patience
from hansa.identity.keys import PublicKey
from hansa.kernel.errors import Refused
from hansa.kernel.instant import DAY, Instant

MAX_VERIFIERS = 100

MOST = 1_000_000
"""Greatest value of a parameter: what the card can carry."""


class Rung(IntEnum):
    """How far somebody has come; each has the rights of those below it."""

    STRANGER = 0
    NEWCOMER = 1
    KNOWN = 2
    TRUSTED = 3

    @property
    def word(self) -> str:
        """Its name in lower case."""
        return self.name.lower()


class PolicyName(StrEnum):
    """The policies that there are."""

    STEADFAST = "steadfast"
    CLASSIC = "classic"


@dataclass(frozen=True, slots=True)
class Params:
    """How this node deals with others.

    Attributes:
        policy: by which rule: steadfast, or classic.
        verifiers: node ids whose receipts count here like this node's own. A verifier that lies does harm: name those
            whose owner you know.
        known_from: good dealings from which on somebody is known.
        trusted_at: thousandths of sure good dealings in a domain from which on somebody is trusted there.
        wrong: tenths that a wrong adds.
        mended: tenths that a good dealing takes off. Raising it lets whoever wrongs now and then go on so for longer.
        gives_up_at: tenths from which on this node takes nothing from somebody any more.
        deadlock: dealings in a row that alternate between good and bad, until a truce (`steadfast.Patience`).
        trusted_trials: trials of a proof of what somebody brings who is trusted in its domain; never more than
            `skills.import_trials`.
        newcomer_proofs: proofs in an hour for all together who are not known yet. Raising it lets whoever has many
            keys use more of this machine.
    """

    policy: PolicyName = PolicyName.STEADFAST
    verifiers: tuple[str, ...] = ()
    known_from: int = 3
    trusted_at: int = 800
    wrong: int = 10
    mended: int = 1
    gives_up_at: int = 50
    deadlock: int = 5
    trusted_trials: int = 3
    newcomer_proofs: int = 1_000

    @property
    def patience(self) -> Patience:
        """What `steadfast` bears."""
        return Patience(self.wrong, self.mended, self.gives_up_at, self.deadlock)

    def validate(self) -> None:
        """Raises ValueError naming the field when a number makes no sense."""
        for name in ("known_from", "wrong", "mended", "gives_up_at", "deadlock", "trusted_trials", "newcomer_proofs"):
            if not 1 <= getattr(self, name) <= MOST:
                raise ValueError(f"{name} must be at least 1 and at most {MOST:,}")
        if not 1 <= self.trusted_at <= 999:
            raise ValueError("trusted_at must be between 1 and 999")
        if len(self.verifiers) > MAX_VERIFIERS:
            raise ValueError(f"verifiers are at most {MAX_VERIFIERS}")
        for did in self.verifiers:
            try:
                PublicKey.from_did(did)
            except Refused:
                raise ValueError(f"verifiers must be ids of nodes, did:key:z…, and {did[:60]!r} is none") from None
        if len(dict.fromkeys(self.verifiers)) < len(self.verifiers):
            raise ValueError("verifiers names one node twice: it counts once")


@dataclass(frozen=True, slots=True)
class Case:
    """Whom is decided on, beside what their account says.

    Attributes:
        us, them: node ids.
        invited, banned: the operator's word on them.
        domain: what it is about; "" for nothing in particular.
        card: digest of the policy card, which `classic` tosses its coin over.
    """

    us: str
    them: str
    invited: bool = False
    banned: bool = False
    domain: str = ""
    card: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What came of it.

    Attributes:
        engage: deal with them at all.
        score: of `steadfast` the sure share of good dealings in the domain, in thousandths; of `classic` its score, in
            units of `classic.UNIT`.
    """

    engage: bool
    rung: Rung
    relationship: Relationship
    reason: str
    score: int


def new_account(params: Params) -> Account:
    """Returns the account of somebody of whom nothing is known, to be filled for a decision under `params`."""
    return Account(params.patience, params.policy is PolicyName.CLASSIC)


def decide(account: Account, case: Case, now: Instant, params: Params) -> Decision:
    """Returns how to deal with somebody."""
    if case.banned:
        return Decision(False, Rung.STRANGER, Relationship.IGNORE, "ignore_list", 0)
    if params.policy is PolicyName.CLASSIC:
        return _classic(account, case, now)
    return _steadfast(account, case, now, params)


def _steadfast(account: Account, case: Case, now: Instant, params: Params) -> Decision:
    sure = account.domain(case.domain).sure
    shut = ""
    if account.debt:
        shut = "proven_malice"
    elif account.wrongs(now) >= params.gives_up_at:
        shut = "too_many_wrongs"
    rung, reason = _rung(account, sure, params)
    if rung is None:
        rung = Rung.NEWCOMER if case.invited and not shut else Rung.STRANGER
    relationship = Relationship.RIVAL if shut else _RELATIONSHIPS.get(reason, Relationship.NEUTRAL)
    return Decision(not shut, rung, relationship, shut or reason, sure)


def _rung(account: Account, sure: int, params: Params) -> tuple[Rung | None, str]:
    """Returns how far somebody has come by what they did, None for not at all, and why."""
    if not account.lately and not account.bad > account.offences:
        return None, "nothing_proved_yet"
    if account.running < params.known_from:
        return None, "answers_a_wrong" if account.bad > account.offences else "few_dealings"
    return (Rung.TRUSTED, "proved_in_domain") if sure >= params.trusted_at else (Rung.KNOWN, "dealt_well")


_RELATIONSHIPS = {"nothing_proved_yet": Relationship.UNKNOWN, "proved_in_domain": Relationship.ALLY}

_RUNGS = {
    Relationship.UNKNOWN: Rung.NEWCOMER,
    Relationship.NEUTRAL: Rung.KNOWN,
    Relationship.ALLY: Rung.TRUSTED,
    Relationship.RIVAL: Rung.STRANGER,
    Relationship.IGNORE: Rung.STRANGER,
}


def _classic(account: Account, case: Case, now: Instant) -> Decision:
    """Decides by the Alliance protocol; its coin falls once a day for each, so that nobody gains by what they send.

    A dealing that a clock ahead of this one has dated counts as one of now.
    """
    score = account.history.score(max(now, account.latest)) if account.history is not None else 0
    relationship = classic.classify(account.good + account.bad, score)
    coin = classic.toss(case.card, case.us, case.them, str(now // DAY))
    engage, reason = classic.engage(relationship, Occasion(), coin)
    return Decision(engage, _RUNGS[relationship], relationship, reason, score)
