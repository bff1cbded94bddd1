"""The whole node, joined: the parts share one `Core`, and this is the Python API (`Node.execute`, `Node.find`, …).

node = Node(core, solver)        # entrypoints.app makes real ones
node.start()
found = node.finder.find("turn a title into a slug")
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence

from hansa.admission.service import Via
from hansa.governance import messages as governance
from hansa.governance import voting
from hansa.identity.envelope import Signed
from hansa.kernel.errors import Unavailable
from hansa.kernel.resources import Resource
from hansa.node.ahead import Ahead
from hansa.node.case_views import CaseViews
from hansa.node.casebook import Casebook
from hansa.node.catalogue import Catalogue
from hansa.node.conduct import Conduct
from hansa.node.core import Core
from hansa.node.disputing import Disputant
from hansa.node.doorkeeper import Doorkeeper, NotLetIn
from hansa.node.events import Event, Kind
from hansa.node.executor import Execution, Executor, How
from hansa.node.finder import Finder, Found, whole
from hansa.node.gathering import Taken
from hansa.node.inbox import Inbox
from hansa.node.joining import Joiner
from hansa.node.keyholder import Keyholder
from hansa.node.lease_history import LeaseHistory
from hansa.node.market import Market
from hansa.node.market_settings import MarketSettings
from hansa.node.orders import Orders
from hansa.node.outbox import Outbox
from hansa.node.ports import Solver
from hansa.node.prover import Proof, Prover, Unproved
from hansa.node.publishing import Publisher
from hansa.node.recall_status import RecallStatus
from hansa.node.recovery import Recovery
from hansa.node.reflecting import Reflections
from hansa.node.repairing import Repairer
from hansa.node.rows import SkillRow
from hansa.node.settling import Settler
from hansa.node.sharing import Sharing
from hansa.node.shelf import Shelf
from hansa.node.subscribing import Subscriber
from hansa.node.swarming import Swarm
from hansa.node.views import Views
from hansa.node.vote_views import VoteViews
from hansa.node.voting import Voting
from hansa.node.waiting import Waiting
from hansa.node.why import Why
from hansa.overlay.messages import HELLO, JOIN
from hansa.skills.model import Case, Origin
from hansa.swarm.params import Params as SwarmParams


class Node:
    """One sovereign node."""

    def __init__(
        self,
        core: Core,
        solver: Solver | None = None,
        market: MarketSettings | None = None,
        capacities: Mapping[Resource, int] | None = None,
        swarm: SwarmParams | None = None,
    ) -> None:
        """Joins the parts; nothing runs yet.

        Args:
            capacities: units of which resource this node lends at once at most; of others, what it offers.
        """
        self.core = core
        self.shelf = Shelf(core)
        self.queue = Waiting(core, self.shelf)
        self.conduct = Conduct(core)
        book = Casebook(core)
        self.settler = Settler(core, book)
        self.market = Market(core, market or MarketSettings(), capacities or {})
        self.past = LeaseHistory(core)
        self.ahead = Ahead(core, self.market, self.past)
        self.orders = Orders(core, self.market, self.ahead)
        self.finder = Finder(core, self.shelf)
        self.swarm = Swarm(core, swarm or SwarmParams(), self.find)
        self.inbox = Inbox(core, self.shelf, self._heard, self.market, self.ahead, self.swarm)
        self.prover = Prover(core, self.settler.about)
        self.executor = Executor(core, self.shelf, self.finder, self.prover, solver)
        self.publisher = Publisher(core, self.shelf)
        self.outbox = Outbox(core)
        self.subscriber = Subscriber(core, self.inbox)
        self.doorkeeper = Doorkeeper(core)
        self.joiner = Joiner(core, self.subscriber)
        self.disputes = Disputant(core, book, self.prover, self.settler, self.inbox.keep)
        self.cases = CaseViews(core, book)
        self.voting = Voting(core)
        self.votes = VoteViews(core, self.voting.book)
        self.reflections = Reflections(core)
        self.sharing = Sharing(core)
        self.keyholder = Keyholder(core)
        self.recovery = Recovery(core, self.inbox, self.subscriber)
        self.repairer = Repairer(core)
        self.views = Views(core, self.shelf)
        self.recall_status = RecallStatus(core)
        self.stories = Why(core, self.shelf)
        self.catalogue = Catalogue(core, self.shelf)

    def start(self) -> int:
        """Makes the store's skills findable; returns how many there are."""
        return self.shelf.fill_index()

    async def events(self, last_id: str | None = None, kinds: Collection[Kind] = ()) -> AsyncIterator[Event]:
        """Yields what happens, as it happens; see `node.events.Stream.follow`."""
        async for event in self.core.driver.stream.follow(last_id, kinds):
            yield event

    def find(self, intent: str, limit: int = 10) -> list[Found]:
        """Returns the proved skills that fit an intent best, each with why."""
        return whole(self.finder.find(intent, limit))

    async def execute(
        self, intent: str, args: str | None = None, cases: Sequence[Case] = (), session: str = ""
    ) -> Execution:
        """Meets an intent by a proved skill or by the solver (see `executor`), and notes how it went.

        Where a skill was only found, nothing went well or wrong, and nothing is noted.

        Args:
            session: the agent's session, for the note.
        """
        try:
            done = await self.executor.execute(intent, args, cases)
        except Unavailable as error:
            await self.reflections.of_failure(intent, str(error), session)
            raise
        if done.how is not How.FITS:
            await self.reflections.of_execution(intent, done, session)
        return done

    def unproved(self, origin: Origin | None = None) -> list[SkillRow]:
        """Returns the skills in quarantine that have checks, in the order in which they are to be proved."""
        return self.queue.unproved(origin)

    async def prove_waiting(self, origin: Origin | None = None) -> AsyncIterator[Proof | Unproved]:
        """Proves what was not tried yet, as far as those not known yet have a share left, and yields each finding."""
        async for proof in self.prover.prove_all(self.waiting(origin), unless=self.queue.passed_over):
            yield proof

    def waiting(self, origin: Origin | None = None) -> list[SkillRow]:
        """Returns the skills in quarantine that were not tried yet."""
        return [row for row in self.unproved(origin) if not self.queue.tried(row)]

    async def before_pull(self, url: str) -> None:
        """Does what comes before each pull.

        After a restore, asking what this node has said; mending what is damaged; asking for what came too early.

        Raises:
            Unavailable, Refused: see `Recovery.ask`.
        """
        await self.recovery.ask(url)
        await self.repairer.retry()
        await self.subscriber.early.retry(url)

    async def _heard(self, taken: Taken) -> None:
        """Settles the case that something was said in, or the vote."""
        if taken.kind in voting.KINDS:
            if taken.kind == voting.VOTE:
                await self.voting.settle(taken.subject)
            return
        case = self.disputes.book.held(taken.id if taken.kind == governance.DISPUTE else taken.subject)
        if case is not None:
            await self.settler.settle(case)

    async def greeted(self, data: bytes, source: str) -> Signed:
        """Takes in a hello and returns this node's signed welcome.

        Raises:
            Refused: the message is no good hello, or there is no version that both speak.
        """
        taken = await self.inbox.receive(data, Via.HTTP, source, only=HELLO)
        return self.publisher.welcome(taken.message)

    async def joined(self, data: bytes, source: str) -> Signed:
        """Takes in a join and returns this node's signed answer: admitted, waiting or refused.

        Raises:
            Refused: the message is no good join, comes too often, or its author is banned.
        """
        try:
            taken = await self.inbox.receive(data, Via.HTTP, source, only=JOIN)
        except NotLetIn as refusal:
            return self.doorkeeper.answer(refusal.message, refusal.reason)
        return self.doorkeeper.answer(taken.message)
