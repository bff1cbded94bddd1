"""What the node asks of the outside. Each port has an in-memory implementation that behaves like the real one.

Times are milliseconds UTC. Methods that are `async` may wait; the others answer at once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from hansa.identity.envelope import Signer
from hansa.kernel.errors import HansaError
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import Instant
from hansa.kernel.jobs import SandboxJob, SandboxReport, SelfTest
from hansa.node.books import Books
from hansa.node.members import Members
from hansa.node.rows import (
    ALL,
    Change,
    JournalRow,
    OutboxRow,
    RecordRow,
    SkillRow,
    SubscriptionRow,
    TombstoneRow,
)
from hansa.skills.model import Case, Evidence, Origin, SkillState
from hansa.skills.reflections import Reflection, ReflectionFilter


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> Instant:
        """Returns the present instant."""
        ...

    def stopwatch_us(self) -> int:
        """Returns microseconds of a clock that only moves forward, for measuring."""
        ...


class Keys(Protocol):
    """Holds the node's private key."""

    @property
    def node_id(self) -> NodeId:
        """The node's id."""
        ...

    @property
    def key(self) -> Signer:
        """What signs for the node; it never shows the secret.

        Raises:
            UsageError: there is none here; it says how to recover.
        """
        ...

    @property
    def prepared(self) -> Signer | None:
        """A signing key that lies ready and is not in use yet; None when there is none."""
        ...

    def prepare(self) -> Signer:
        """Makes a signing key that `adopt` will put in use, and keeps it so that a crash does not lose it."""
        ...

    def adopt(self) -> None:
        """Puts the prepared key in the place of the present one, which is gone then. Whole or not at all."""
        ...

    def discard(self) -> None:
        """Throws the prepared key away; nothing happens when there is none."""
        ...


@dataclass(frozen=True, slots=True)
class SkillFilter:
    """Which skills a listing holds; None and empty mean any."""

    states: tuple[SkillState, ...] = ()
    origin: Origin | None = None
    tag: str = ""
    author: str = ""
    published: bool = False
    derived: bool = False  # only those that name parents


@dataclass(frozen=True, slots=True)
class StoreCounts:
    """How much a store holds, and how often it wrote since it was opened.

    Attributes:
        outbox: deliveries by state.
        commits: transactions; batches: sets of changes in them. Batches a commit is what group commit saves.
    """

    records: int
    receipts: int
    outbox: Mapping[str, int]
    commits: int
    batches: int


class Store(Members, Books, Protocol):
    """Keeps rows. What `apply` has returned from is durable (goal L1).

    Reads see every change whose `apply` has returned.
    """

    async def apply(self, changes: Sequence[Change]) -> None:
        """Makes all changes or none.

        Raises:
            Refused: DUPLICATE, when a record's id is taken; EQUIVOCATION, when its (author, seq) is.
            DiskFull: no room; nothing was written.
            Fault: the store is damaged.
        """
        ...

    def apply_each(self, batches: Sequence[Sequence[Change]]) -> Awaitable[list[HansaError | None]]:
        """Makes the changes of each batch, or none of that batch; one commit for all of them where that is possible.

        They are handed in with the call, not only when it is awaited, and made in the order of the calls.

        Returns:
            For each batch why it was not made, or None: what `apply` would have raised for it, coming after the others.
        """
        ...

    def record(self, id_: ContentId) -> RecordRow | None:
        """Returns a record."""
        ...

    def record_ids(self, prefix: str, limit: int = 2) -> list[ContentId]:
        """Returns ids of records that start with `prefix`, in order."""
        ...

    def held(self, records: Sequence[ContentId]) -> list[ContentId]:
        """Returns those of the ids that are records here."""
        ...

    def records_at(self, places: Sequence[tuple[NodeId, int]]) -> dict[tuple[NodeId, int], ContentId]:
        """Returns the ids of the records that have one of these authors and sequence numbers."""
        ...

    def record_at(self, author: NodeId, seq: int) -> ContentId | None:
        """Returns the id of the record with this author and sequence number."""
        ...

    def last_seq(self, author: NodeId) -> int:
        """Returns the highest sequence number of the author's records; -1 when there are none."""
        ...

    def records_about(self, subject: str, kind: str = "") -> list[RecordRow]:
        """Returns the records about a skill or a node, oldest first; of one kind when given. None that is withheld."""
        ...

    def records_after(self, author: NodeId, seq: int, limit: int = 500) -> list[RecordRow]:
        """Returns the author's records with higher sequence numbers, in their order."""
        ...

    def travelling(self, me: NodeId) -> list[tuple[ContentId, str]]:
        """Returns id and kind of what may be told to anybody, as it came: what is `me`'s and in its feed, and others'.

        None that is withheld.
        """
        ...

    def feed(self, after: int, limit: int) -> list[RecordRow]:
        """Returns the feed's records with a place above `after`, in order."""
        ...

    def feed_mark(self) -> tuple[int, str]:
        """Returns the feed's length and the head of its hash chain (kernel.ids.chain over the record ids)."""
        ...

    def skill(self, id_: ContentId) -> SkillRow | None:
        """Returns a skill."""
        ...

    def skill_state(self, id_: ContentId) -> SkillState | None:
        """Returns a skill's state alone, which takes a fraction of reading the skill; None when it is not held."""
        ...

    def owners(self, ids: Sequence[ContentId]) -> dict[ContentId, tuple[NodeId, SkillState]]:
        """Returns author and state of those skills that are held, in no order."""
        ...

    def skill_ids(self, prefix: str, limit: int = 2) -> list[ContentId]:
        """Returns ids of skills that start with `prefix`, in order."""
        ...

    def ids_of_skills(self, states: Sequence[SkillState]) -> list[ContentId]:
        """Returns the ids of all skills in some states, in the order in which they came in."""
        ...

    def skills(self, wanted: SkillFilter, after: str = "", limit: int = 100) -> list[SkillRow]:
        """Returns skills in the order of (added, id), with a tag as they came; `after` is the last id of a page."""
        ...

    def count_skills(self, wanted: SkillFilter) -> int:
        """Returns how many skills there are."""
        ...

    def evidence(self, skill: ContentId) -> list[Evidence]:
        """Returns the findings about a skill, oldest first."""
        ...

    def tombstone(self, skill: ContentId) -> TombstoneRow | None:
        """Returns a skill's tombstone."""
        ...

    def tombstones(self, after: str = "", limit: int = ALL) -> list[TombstoneRow]:
        """Returns tombstones, oldest first; `after` is the skill of the last one of the page before."""
        ...

    def journal(self, ref: str) -> list[JournalRow]:
        """Returns what happened to one thing, oldest first."""
        ...

    def journal_refs(self, prefix: str, limit: int = 2) -> list[str]:
        """Returns what the journal has lines about whose id starts with `prefix`."""
        ...

    def outbox(self, state: str = "pending", limit: int = 1000) -> list[OutboxRow]:
        """Returns deliveries in a state, oldest first."""
        ...

    def deliveries_of(self, record: ContentId) -> list[OutboxRow]:
        """Returns all deliveries of one record."""
        ...

    def subscriptions(self) -> list[SubscriptionRow]:
        """Returns all subscriptions, by address."""
        ...

    def blob(self, digest: ContentId) -> bytes | None:
        """Returns a bundle file's bytes."""
        ...

    def reflections(self, wanted: ReflectionFilter, after: str = "", limit: int = 100) -> list[Reflection]:
        """Returns reflections, the newest first (by time, then id); `after` is the id of the page's last before."""
        ...

    def reflection(self, id_: ContentId) -> Reflection | None:
        """Returns a reflection."""
        ...

    def count_reflections(self, wanted: ReflectionFilter) -> int:
        """Returns how many reflections there are."""
        ...

    def mark(self, name: str) -> str:
        """Returns what `PutMark` keeps under a name; "" for nothing."""
        ...

    def sizes(self) -> dict[NodeId, int]:
        """Returns how many bytes each author has: of its records, and of the files that a peer's skills name."""

    def counts(self) -> StoreCounts:
        """Returns how much it holds; for people and metrics, not for decisions."""
        ...

    def lexical(self, text: str, limit: int) -> list[tuple[ContentId, float]]:
        """Returns skills (removed ones left out) that share words with `text` in intent or tags, best first.

        The number is a BM25 score; higher is better.
        """
        ...

    def close(self) -> None:
        """Lets go of everything."""


class Similar(msgspec.Struct, frozen=True):
    """A skill found by meaning: cosine similarity, calibrated to [0, 1] so that 0.7 filters and 0.8 decides."""

    skill: ContentId
    similarity: float


class Index(Protocol):
    """Finds skills by the meaning of their intent. Holds what is derived from texts; the store is right."""

    def held(self) -> Sequence[ContentId]:
        """Returns the skills that are in."""
        ...

    def add(self, skill: ContentId, text: str) -> None:
        """Puts a skill in; nothing changes when it is in."""
        ...

    def drop(self, skill: ContentId) -> None:
        """Takes a skill out."""
        ...

    def nearest(self, text: str, limit: int) -> list[Similar]:
        """Returns the most similar skills, best first."""
        ...

    def similarities(self, text: str, skills: Sequence[ContentId]) -> list[float]:
        """Returns the calibrated similarity of a text to each of some skills; 0 to one that is not in."""
        ...

    def similarity(self, text: str, other: str) -> float:
        """Returns the calibrated similarity of two texts, in [0, 1]."""
        ...


class Sandbox(Protocol):
    """Runs untrusted code with no network, no files but its own, and limits on everything else."""

    @property
    def name(self) -> str:
        """The layers in force."""
        ...

    @property
    def harness(self) -> str:
        """What runs the code, e.g. "cpython-3.11"."""
        ...

    async def run(self, job: SandboxJob) -> SandboxReport:
        """Runs a job and reports.

        Raises:
            NoSandbox: the sandbox can't be set up; nothing was run.
        """
        ...

    async def self_test(self) -> SelfTest:
        """Tries to break out in all the ways it knows."""
        ...


@dataclass(frozen=True, slots=True)
class Solution:
    """What a solver brought: Python code with an entry point, and how it was found."""

    code: str
    entry_point: str
    steps: tuple[str, ...] = ()


class Solver(Protocol):
    """Solves what no skill is known for: a command, or a Python callable. Its word is checked like anybody's."""

    async def solve(self, intent: str, cases: Sequence[Case]) -> Solution | None:
        """Returns a solution, or None when there is none within its budget.

        Raises:
            Unavailable: the solver could not be run.
        """
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What a peer's door answered: status code and body, as far as it is within bounds."""

    status: int
    body: bytes


class Caller(Protocol):
    """Calls other nodes' doors. Bounded in time and size, follows no redirects, goes where the operator lets it."""

    async def get(self, url: str, path: str, wait: float = 0.0) -> Answer:
        """Fetches `path` from the node at `url`.

        Args:
            wait: seconds that the question itself asks the node to wait with its answer.

        Raises:
            Unavailable: no answer, or one that breaks a bound.
        """
        ...

    async def post(self, url: str, path: str, body: bytes) -> Answer:
        """Sends `body` to `path` of the node at `url`.

        Raises:
            Unavailable: no answer, or one that breaks a bound.
        """
        ...

    async def put(self, url: str, path: str, body: bytes) -> Answer:
        """Sends `body` as the content of `path`.

        Raises:
            Unavailable: no answer, or one that breaks a bound.
        """
        ...
