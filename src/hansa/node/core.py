"""What all parts of the node share: who it is, its ports, its settings, and how it signs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from hansa.admission import service as admission
from hansa.admission.counters import Counters
from hansa.admission.service import Admission, Freshness
from hansa.admission.versions import SUPPORTED
from hansa.conduct import card, ledger, standing
from hansa.governance import messages as governance
from hansa.governance import risk, voting
from hansa.governance.case import Params as Disputes
from hansa.governance.constitution import FIVE, Constitution
from hansa.identity import envelope, roots
from hansa.identity.envelope import Header, Signed
from hansa.kernel.canonical import Json
from hansa.kernel.errors import Refused
from hansa.kernel.ids import EVERYONE, ContentId, NodeId
from hansa.kernel.instant import MINUTE, Instant
from hansa.kernel.jobs import SandboxLimits
from hansa.kernel.limits import Limits
from hansa.kernel.verdict import Reason
from hansa.market import messages as market
from hansa.node.accounts import Accounts
from hansa.node.driver import ACQUAINTANCE, KEPT, Driver, Kept
from hansa.node.lineages import Lineages
from hansa.node.membership import DropPeer
from hansa.node.memory import StoreMemory, bytes_asked
from hansa.node.meters import Meters
from hansa.node.numbering import Numbering
from hansa.node.ports import Caller, Clock, Index, Keys, Sandbox, Store
from hansa.node.ring import KeyRing
from hansa.node.rows import AppendLedger, DropSubscription, PutPeer, PutRecord, RecordRow, WithholdRecord
from hansa.node.spans import NO_SPANS, Spans
from hansa.node.turns import Turns
from hansa.overlay import messages as overlay
from hansa.overlay.arrived import ARRIVED
from hansa.overlay.links_said import LINKS
from hansa.overlay.notices import NOTICE, NOTICED
from hansa.overlay.presence import PRESENCE, SUSPICION
from hansa.skills import messages as skills
from hansa.skills import policy, ranking, work
from hansa.skills.sharing import REFLECTION
from hansa.swarm import messages as swarm

KINDS: Mapping[str, Freshness] = {
    skills.SKILL: Freshness.DURABLE,
    skills.EVIDENCE: Freshness.DURABLE,
    skills.TOMBSTONE: Freshness.DURABLE,
    skills.ACKNOWLEDGEMENT: Freshness.DURABLE,
    ledger.KIND: Freshness.DURABLE,
    card.KIND: Freshness.DURABLE,
    card.DECISION: Freshness.DURABLE,
    **dict.fromkeys(governance.KINDS, Freshness.DURABLE),
    **dict.fromkeys(voting.KINDS, Freshness.DURABLE),
    roots.KIND: Freshness.STANDING,
    overlay.HELLO: Freshness.LIVE,
    overlay.WELCOME: Freshness.LIVE,
    overlay.JOIN: Freshness.LIVE,
    overlay.JOINED: Freshness.LIVE,
    overlay.INDEX: Freshness.LIVE,
    **dict.fromkeys(market.LASTING, Freshness.DURABLE),
    REFLECTION: Freshness.DURABLE,
    PRESENCE: Freshness.SPREAD,
    SUSPICION: Freshness.SPREAD,
    LINKS: Freshness.SPREAD,
    ARRIVED: Freshness.SPREAD,
    NOTICE: Freshness.SPREAD,
    NOTICED: Freshness.SPREAD,
    market.OFFERS: Freshness.SPREAD,
    market.REQUESTS: Freshness.SPREAD,
    work.WORK: Freshness.SPREAD,
    work.WORKED: Freshness.SPREAD,
    swarm.CAPABILITY: Freshness.SPREAD,
    swarm.TASK: Freshness.SPREAD,
    swarm.TASK_SAID: Freshness.SPREAD,
    swarm.TASK_STOP: Freshness.SPREAD,
}
"""Every kind of message that this version of the node knows."""

LIVE_MS = 5 * MINUTE

ASK_FIRST = "ask first"
"""Mark of a store that may lack what this node has said: restored from a backup, or made anew."""

FINDINGS = ("none", "refutations", "all")

_HEARD_OF = (PutRecord, WithholdRecord)
"""What `Core.on_kept` is told of."""

PROVED_IN = "proved in"
"""Mark with the layers of the sandbox that the last proof ran in, for those who ask in another process."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The node's settings, gathered by the composition root; see docs/reference/settings.md.

    Attributes:
        role: "node", or "hub": a hub passes on what invited peers push, and proves nothing itself.
        admit_proved: let a peer's skill out of quarantine by itself once it is proved here; otherwise a person does.
        findings: what everybody is told, through the feed and the overlay, of what this node found out about the skills
            of others: "none", "refutations" or "all"; unless it is none, its policy card too.
        constitution: the five articles, and the rules that this node has added (`node.lawful`).
    """

    name: str = ""
    role: str = "node"
    network: str = "hansa"
    admit_proved: bool = True
    workers: int = 2
    limits: Limits = field(default_factory=Limits)
    admission: admission.Params = field(default_factory=admission.Params)
    skills: policy.Params = field(default_factory=policy.Params)
    ranking: ranking.Params = field(default_factory=ranking.Params)
    conduct: standing.Params = field(default_factory=standing.Params)
    sandbox: SandboxLimits = field(default_factory=SandboxLimits)
    constitution: Constitution = FIVE
    disputes: Disputes = field(default_factory=Disputes)
    voting: voting.Params = field(default_factory=voting.Params)
    risk: risk.Params = field(default_factory=risk.Params)
    findings: str = "none"

    def validate(self) -> None:
        """Raises ValueError naming the field when a setting makes no sense."""
        if self.role not in ("node", "hub"):
            raise ValueError(f"role must be node or hub, not {self.role}")
        if not 1 <= len(self.network) <= 64:
            raise ValueError("network must have 1 to 64 characters")
        if self.findings not in FINDINGS:
            raise ValueError(f"findings must be {' or '.join(FINDINGS)}, not {self.findings}")
        if self.workers < 1:
            raise ValueError("workers must be at least 1")
        self.limits.validate()
        self.admission.validate()
        self.skills.validate()
        self.ranking.validate()
        self.conduct.validate()
        self.disputes.validate()
        self.voting.validate()
        self.risk.validate()


class Core:
    """The node's identity, ports and settings, and its hand for signing.

    Attributes:
        asks_first: nothing lasting is signed before the sources were asked what this node has said (`recovery`).
        noticed: damaged records that somebody came upon; asked for again at the next pull (`repairing`).
        in_overlay: links to other nodes are held (`node.network`).
        acquaintance: rises whenever somebody is met, settled about or forgotten, and with each source.
        on_party: told of each node whose standing here may be another now, once that is durable; None for any.
        on_kept: told of each record that was kept or withheld, once that is durable (`travelling`).
        on_record: told of each record of a kind that was kept, once that is durable.
    """

    def __init__(
        self,
        settings: Settings,
        keys: Keys,
        store: Store,
        clock: Clock,
        index: Index,
        sandbox: Sandbox | None,
        caller: Caller,
        spans: Spans = NO_SPANS,
    ) -> None:
        """Joins the parts; nothing runs yet.

        Args:
            sandbox: None where nothing is ever proved (a hub).
            spans: who is told where time goes; nobody by default.
        """
        settings.validate()
        self.settings = settings
        self.keys = keys
        self.store = store
        self.clock = clock
        self.index = index
        self.sandbox = sandbox
        self.caller = caller
        self.me = keys.node_id
        self.counters = Counters()
        self.meters = Meters()
        self.spans = spans
        self.turns = Turns()
        self.ring = KeyRing(store)
        self.accounts = Accounts(store, self.me, self.ring, settings.conduct)
        self.memory = StoreMemory(store, lambda author: self.accounts.is_barred(author, clock.now))
        self.lineages = Lineages(store)
        self.driver = Driver(store, clock, index, self.kept, spans, self.lineages)
        self.admission = Admission(self.me, settings.network, KINDS, self.memory, settings.admission, bytes_asked)
        self.asks_first = bool(store.mark(ASK_FIRST))
        self.noticed: dict[ContentId, None] = {}
        self.in_overlay = False
        self.acquaintance = 0
        self.on_party: Callable[[NodeId | None], None] | None = None
        self.on_kept: Callable[[PutRecord | WithholdRecord], None] | None = None
        self.on_record: dict[str, Callable[[RecordRow], None]] = {}
        self.numbering = Numbering(clock, store.last_seq(self.me))

    def seal(self, kind: str, body: Json, recipient: str = EVERYONE, expires_in: int = 0) -> Signed:
        """Returns a signed message of this node, under a number that it has not used (`numbering`).

        Raises:
            Refused: RESTORED, for a lasting message while the store may lack what this node has said.
        """
        if self.asks_first and KINDS.get(kind) is Freshness.DURABLE:
            raise Refused(Reason.RESTORED)
        now = self.clock.now()
        header = Header(
            version=SUPPORTED[-1],
            network=self.settings.network,
            kind=kind,
            author=self.me,
            recipient=recipient,
            seq=self.numbering.next(),
            created=now,
            expires=now + expires_in if expires_in else 0,
        )
        return envelope.seal(header, body, [self.keys.key])

    def kept(self, change: Kept) -> None:
        """Takes note of a change that is durable; called by whoever made it, or learnt of it."""
        if self.on_kept is not None and isinstance(change, _HEARD_OF):
            self.on_kept(change)
        if self.on_record and isinstance(change, PutRecord) and change.row.kind in self.on_record:
            self.on_record[change.row.kind](change.row)
        if isinstance(change, KEPT):
            self.memory.kept(change)
        else:
            self.accounts.changed(change)
            self._acquainted(change)

    def _acquainted(self, change: Kept) -> None:
        self.acquaintance += isinstance(change, ACQUAINTANCE)
        if self.on_party is not None:
            match change:
                case PutPeer(row):
                    self.on_party(row.id)
                case DropPeer(id_):
                    self.on_party(id_)
                case AppendLedger():
                    self.on_party(change.subject)
                case DropSubscription():
                    self.on_party(None)

    def now(self) -> Instant:
        """Returns the present instant."""
        return self.clock.now()
