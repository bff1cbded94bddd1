"""Three verdicts and the closed list of reasons.

Accept · ignore (nobody's fault: a duplicate, a late message) · reject (the sender's fault). Every refusal in Hansa
names one member of `Reason`; its text says what to do. Wire codes are append-only: a reason is never renamed or
reused. The box says where in the picture it is decided.
"""

from __future__ import annotations

from enum import Enum, StrEnum


class Verdict(StrEnum):
    """What becomes of a message at a station."""

    ACCEPT = "accept"
    IGNORE = "ignore"
    REJECT = "reject"


class Box(StrEnum):
    """The stations of the picture, in the order a message meets them."""

    TRANSPORT = "transport"
    IDENTITY = "identity"
    ADMISSION = "admission"
    DOMAIN = "domain room"
    STORE = "store"
    SEND = "send"
    VIEWS = "views"


class Reason(Enum):
    """Why something was not accepted: (code, box, verdict, what it means and what to do)."""

    # 1 bounds, before anything is parsed
    TOO_LARGE = ("too_large", Box.TRANSPORT, Verdict.REJECT, "larger than this node takes: split it or send less")
    ENCODED = ("content_encoding", Box.TRANSPORT, Verdict.REJECT, "compressed bodies are not taken: send it plain")
    NOT_JSON = ("not_json", Box.TRANSPORT, Verdict.REJECT, "not JSON: send one JSON object in UTF-8")
    TOO_DEEP = ("too_deep", Box.TRANSPORT, Verdict.REJECT, "nested too deeply: flatten it")
    TOO_MANY_KEYS = ("too_many_keys", Box.TRANSPORT, Verdict.REJECT, "too many keys or items: split it")
    NOT_CANONICAL = (
        "not_canonical",
        Box.TRANSPORT,
        Verdict.REJECT,
        "not canonical JSON (RFC 8785, integers only): encode it with a canonical encoder",
    )
    BAD_FRAME = ("bad_frame", Box.TRANSPORT, Verdict.REJECT, "not a frame of the overlay: see the record reference")
    BAD_LINK = (
        "bad_link",
        Box.TRANSPORT,
        Verdict.REJECT,
        "not the node that was asked for, or it proved nothing: check address and node id",
    )
    # 2 identity
    BAD_ENVELOPE = ("bad_envelope", Box.IDENTITY, Verdict.REJECT, "not an envelope: see the record reference")
    BAD_KEY = ("bad_key", Box.IDENTITY, Verdict.REJECT, "weak or badly written key: make a new one with hansa init")
    UNSIGNED = ("unsigned", Box.IDENTITY, Verdict.REJECT, "no signature: there is no unsigned mode")
    FORGED = ("forged", Box.IDENTITY, Verdict.REJECT, "the signature does not fit the bytes and the key")
    WRONG_SIGNER = ("wrong_signer", Box.IDENTITY, Verdict.REJECT, "signed by a key that may not speak for the author")
    THRESHOLD = ("threshold", Box.IDENTITY, Verdict.REJECT, "fewer distinct signatures than the threshold asks for")
    REVOKED = ("revoked", Box.IDENTITY, Verdict.REJECT, "signed by a key that its owner has retired before that number")
    WRONG_INVITER = (
        "wrong_inviter",
        Box.IDENTITY,
        Verdict.REJECT,
        "another node than the one that made the code: check address and code with its operator",
    )
    # 3 admission
    BAD_VERSION = ("unsupported_version", Box.ADMISSION, Verdict.REJECT, "protocol version not spoken here: upgrade")
    WRONG_NETWORK = ("wrong_network", Box.ADMISSION, Verdict.REJECT, "made for another network")
    WRONG_RECIPIENT = ("wrong_recipient", Box.ADMISSION, Verdict.REJECT, "addressed to another node")
    UNKNOWN_KIND = ("unknown_kind", Box.ADMISSION, Verdict.REJECT, "this node knows no messages of that kind")
    BAD_BODY = ("bad_body", Box.ADMISSION, Verdict.REJECT, "the body does not have the shape of its kind")
    FROM_FUTURE = ("from_future", Box.ADMISSION, Verdict.REJECT, "dated in the future: set the sender's clock")
    STALE = ("stale", Box.ADMISSION, Verdict.IGNORE, "too old for a live message: send it again")
    EXPIRED = ("expired", Box.ADMISSION, Verdict.IGNORE, "past its expiry: ask the author for a fresh one")
    DUPLICATE = ("duplicate", Box.ADMISSION, Verdict.IGNORE, "already here")
    OLD_SEQUENCE = ("old_sequence", Box.ADMISSION, Verdict.IGNORE, "its sequence number is behind the author's last")
    EQUIVOCATION = (
        "equivocation",
        Box.ADMISSION,
        Verdict.REJECT,
        "the author signed two different messages with one sequence number",
    )
    UNKNOWN_PEER = (
        "unknown_peer",
        Box.ADMISSION,
        Verdict.REJECT,
        "this node takes records from invited peers only: ask its operator to run hansa peer add",
    )
    BARRED = (
        "barred",
        Box.ADMISSION,
        Verdict.REJECT,
        "this node's policy deals with its author no more: hansa standing says why, and what mends it",
    )
    BANNED = ("banned", Box.ADMISSION, Verdict.REJECT, "the operator has banned this author")
    RATE = ("rate_limited", Box.ADMISSION, Verdict.IGNORE, "too many records in a minute: wait and send again")
    SHARE = ("over_share", Box.ADMISSION, Verdict.IGNORE, "its author's share of this store is used up: send it later")
    BAD_INVITATION = (
        "bad_invitation",
        Box.ADMISSION,
        Verdict.REJECT,
        "no open invitation has that code: it is used up, expired, taken back or mistyped: ask for a new one",
    )
    CROWDED = ("crowded", Box.ADMISSION, Verdict.IGNORE, "too many nodes wait for that operator's word: ask later")
    # 4 the skills room
    UNKNOWN_SKILL = ("unknown_skill", Box.DOMAIN, Verdict.IGNORE, "about a skill that this node does not hold")
    TOMBSTONED = ("tombstoned", Box.DOMAIN, Verdict.REJECT, "removed by its author or an operator: it stays removed")
    BAD_LINEAGE = ("bad_lineage", Box.DOMAIN, Verdict.REJECT, "its lineage has a cycle, or is too deep or too wide")
    NOT_AUTHOR = ("not_author", Box.DOMAIN, Verdict.REJECT, "only the author of a record can take it back")
    NO_REASONING = ("no_reasoning_path", Box.DOMAIN, Verdict.REJECT, "has no reasoning path: add at least one step")
    LOW_SCORE = ("low_verification_score", Box.DOMAIN, Verdict.REJECT, "too few of its checks pass")
    LOW_CONFIDENCE = ("low_confidence", Box.DOMAIN, Verdict.REJECT, "too few good trials: prove it with more trials")
    SECRET = ("secret_found", Box.DOMAIN, Verdict.REJECT, "contains what looks like a secret: take it out")
    NO_LICENSE = ("no_license", Box.DOMAIN, Verdict.REJECT, "has no licence that allows sharing: add one")
    NO_CHECKS = ("no_checks", Box.DOMAIN, Verdict.IGNORE, "has no checks, so it can't be proved: E1 at most")
    VACUOUS = ("vacuous_checks", Box.DOMAIN, Verdict.REJECT, "its checks pass without the skill: they prove nothing")
    REFUTED = ("refuted", Box.DOMAIN, Verdict.REJECT, "claimed to pass, fails here each time")
    FLAKY = ("flaky", Box.DOMAIN, Verdict.IGNORE, "passes in some trials only")
    NO_HARNESS = ("no_harness", Box.DOMAIN, Verdict.IGNORE, "needs a harness or a library that this node lacks")
    OVER_LIMIT = ("over_limit", Box.DOMAIN, Verdict.REJECT, "exceeds the sandbox's limits")
    SANDBOX_FILE = ("sandbox_file_access", Box.DOMAIN, Verdict.REJECT, "tried to reach files that are not its own")
    SANDBOX_NETWORK = ("sandbox_network_access", Box.DOMAIN, Verdict.REJECT, "tried to open a socket")
    SANDBOX_PROCESS = ("sandbox_process", Box.DOMAIN, Verdict.REJECT, "tried to start or signal another process")
    NOT_OURS = ("not_wanted", Box.DOMAIN, Verdict.IGNORE, "matches no subscription of this node")
    OPERATOR = ("operator_rejected", Box.DOMAIN, Verdict.REJECT, "rejected by this node's operator")
    UNCONSTITUTIONAL = (
        "unconstitutional",
        Box.DOMAIN,
        Verdict.REJECT,
        "breaks this node's constitution: hansa constitution show has every article and rule",
    )
    # 4b the governance room
    NOT_YET = (
        "not_here_yet",
        Box.DOMAIN,
        Verdict.IGNORE,
        "rests on a record that is not held here yet: send that first, then this again",
    )
    NOT_PARTY = (
        "not_party",
        Box.DOMAIN,
        Verdict.REJECT,
        "not its author's to say: parties accuse, answer, withdraw and appeal, others bring findings",
    )
    ENOUGH_SAID = ("enough_said", Box.DOMAIN, Verdict.IGNORE, "said often enough in that dispute: appeal, once")
    DISPUTED = (
        "dispute_upheld",
        Box.DOMAIN,
        Verdict.REJECT,
        "a dispute over it was upheld here: see hansa dispute list; hansa prove tries it again",
    )
    ANCESTOR_RECALLED = (
        "ancestor_recalled",
        Box.DOMAIN,
        Verdict.IGNORE,
        "it comes from a recalled skill: look at it, then hansa quarantine approve or hansa skill remove",
    )
    ALERTED = (
        "threat_alerted",
        Box.DOMAIN,
        Verdict.IGNORE,
        "several known nodes warn of it: look at it, then hansa quarantine approve or hansa skill remove",
    )
    NOT_APPROVED = (
        "not_approved",
        Box.DOMAIN,
        Verdict.REJECT,
        "no quorum of the roster that decides here has approved it: what is undecided is blocked",
    )
    # 4c the market
    NO_OFFER = ("no_offer", Box.DOMAIN, Verdict.REJECT, "no offer of this node's has that price, time or length")
    NO_CAPACITY = ("no_capacity", Box.DOMAIN, Verdict.IGNORE, "too few units are free then: ask for less, or elsewhere")
    NO_SHOW = ("no_show", Box.DOMAIN, Verdict.IGNORE, "did not take what it was granted too often: ask tomorrow")
    HOARDING = ("hoarding", Box.DOMAIN, Verdict.IGNORE, "too many units wait for it to take them: take those first")
    NO_CREDIT = (
        "no_credit",
        Box.DOMAIN,
        Verdict.IGNORE,
        "would owe more than it is trusted with: settle first",
    )
    NO_LEASE = ("no_lease", Box.DOMAIN, Verdict.REJECT, "no lease of the sender's that may be used now: ask for one")
    NO_SLOT = (
        "no_slot",
        Box.DOMAIN,
        Verdict.IGNORE,
        "as much runs for that lease as it allows, or nothing can run here now: send it again later",
    )
    BIG_WORK = ("work_too_large", Box.DOMAIN, Verdict.REJECT, "a larger skill, or more trials, than a lease runs here")
    # 4d tasks that others ask for
    NOT_SERVED = (
        "task_not_served",
        Box.DOMAIN,
        Verdict.REJECT,
        "this node does no task of that kind for the sender: ask its operator, or another node",
    )
    TASK_FULL = (
        "too_many_tasks",
        Box.DOMAIN,
        Verdict.IGNORE,
        "more tasks than are taken here: ask another node, or send it again later",
    )
    TASK_LOOP = (
        "task_loop",
        Box.DOMAIN,
        Verdict.REJECT,
        "a task that was handed on too often, or that this node has handed on before",
    )
    # 5 store
    STORE_FULL = ("store_full", Box.STORE, Verdict.IGNORE, "no space left here: free some and send again")
    INTERRUPTED = ("interrupted", Box.STORE, Verdict.IGNORE, "this node stopped before it was kept: send it again")
    CORRUPT = ("corrupt", Box.STORE, Verdict.REJECT, "the stored bytes no longer match their id: fetch it again")
    RESTORED = (
        "restored",
        Box.STORE,
        Verdict.IGNORE,
        "restored from a backup: hansa status says who must answer first, and what ends the waiting",
    )
    # 6 send: what a source of records may not do (threat 9)
    ROLLBACK = ("rollback", Box.SEND, Verdict.REJECT, "shows an older state than it showed before")
    FORK = ("fork", Box.SEND, Verdict.REJECT, "its history differs from what it showed before")
    FROZEN = ("frozen", Box.SEND, Verdict.REJECT, "its index has expired: it may be withholding news")
    MIX_AND_MATCH = ("mix_and_match", Box.SEND, Verdict.REJECT, "its records do not add up to its signed index")
    UNREACHABLE = ("unreachable", Box.SEND, Verdict.IGNORE, "no answer: check the address and that the node is up")

    def __init__(self, code: str, box: Box, verdict: Verdict, text: str) -> None:
        self.code = code
        self.box = box
        self.verdict = verdict
        self.text = text


BY_CODE = {reason.code: reason for reason in Reason}
"""Reason by its wire code."""
