"""Operations of votes on changes: rosters, proposing, voting, looking, and leave to apply."""

from __future__ import annotations

from typing import Any

from hansa.entrypoints.app import App
from hansa.entrypoints.operations.registry import Arguments, Outcome, operation
from hansa.entrypoints.steps import Progress, Result
from hansa.governance.ballot import Choice, Decided
from hansa.identity.keys import PublicKey
from hansa.kernel.errors import Refused, UsageError
from hansa.kernel.plain import plain
from hansa.node.ballotbook import Poll
from hansa.node.delivering import check_address

MAX_WHY, MAX_RATIONALE = 500, 2_000


@operation("roster.create", orders="members")
async def _create(app: App, given: Arguments) -> Outcome:
    roster = await app.node.voting.found(_members(given), _to(given))
    sent = await _deliver(app)
    yield Result({**app.node.votes.roster(roster), **sent})


@operation("roster.follow", orders="id")
async def _follow(app: App, given: Arguments) -> Outcome:
    yield Result(app.node.votes.roster(await app.node.voting.follow(given["id"])))


@operation("roster.show")
async def _roster(app: App, given: Arguments) -> Outcome:
    roster = app.node.voting.book.followed
    if roster is None:
        raise UsageError("no roster decides here: hansa roster create, or hansa roster follow ID")
    yield Result(app.node.votes.roster(roster))


@operation("roster.propose", orders="members rationale")
async def _propose_roster(app: App, given: Arguments) -> Outcome:
    poll = await app.node.voting.propose_roster(_members(given), _rationale(given), _lasts(given), _to(given))
    async for step in _ended(app, poll, given):
        yield step


@operation("proposal.make", orders="base rationale")
async def _propose(app: App, given: Arguments) -> Outcome:
    """Asks the members, and ends with what they decided; nothing is decided when too few of them answer."""
    poll = await app.node.voting.propose(given["text"], given["base"], _rationale(given), _lasts(given), _to(given))
    async for step in _ended(app, poll, given):
        yield step


@operation("proposal.vote", orders="id choice why")
async def _vote(app: App, given: Arguments) -> Outcome:
    if given["choice"] not in tuple(Choice):
        raise UsageError(f"{given['choice']!r} is neither yes nor no")
    why = str(given.get("why", ""))
    if len(why) > MAX_WHY:
        raise UsageError(f"--why has {len(why)} characters: say it in {MAX_WHY}")
    poll = app.node.voting.book.find(given["id"])
    poll = await app.node.voting.vote(poll.id, Choice(given["choice"]), why, _to(given))
    sent = await _deliver(app)
    yield Result({**app.node.votes.whole(poll), **sent})


@operation("proposal.list", orders="")
async def _list(app: App, given: Arguments) -> Outcome:
    await app.node.voting.settle_all()
    found = app.node.votes.listed()
    yield Result({"proposals": found, "count": len(found)})


@operation("proposal.show", orders="id")
async def _show(app: App, given: Arguments) -> Outcome:
    poll = await app.node.voting.settle(app.node.voting.book.find(given["id"]).id)
    yield Result(app.node.votes.whole(poll), ok=poll.decided in (Decided.APPROVED, Decided.OPEN))


@operation("proposal.permit", orders="id")
async def _permit(app: App, given: Arguments) -> Outcome:
    """Gives out what was approved, to whoever applies it: refused for everything else."""
    poll = await app.node.voting.permit(app.node.voting.book.find(given["id"]).id)
    yield Result(app.node.votes.whole(poll))


@operation("proposal.applied", orders="id diff override")
async def _applied(app: App, given: Arguments) -> Outcome:
    """Writes down that the operator applied a diff; without a decision, as her own word alone."""
    override = bool(given.get("override"))
    what = given["diff"] if override else app.node.voting.book.find(given["id"]).id
    await app.node.voting.applied(what, given["diff"], override)
    yield Result({"proposal": "" if override else what, "diff": given["diff"], "local_override": override})


async def _ended(app: App, poll: Poll, given: Arguments) -> Outcome:
    """Brings the question to the members, waits for them where that is asked for, and tells what they decided."""
    sent = await _deliver(app)
    wait = bool(given.get("wait", True))
    if wait:
        yield Progress(0, poll.roster.quorum, "waits for the members")
        poll = await app.node.voting.wait(poll.id)
        await _deliver(app)
    ok = poll.decided is Decided.APPROVED or (not wait and poll.decided is Decided.OPEN)
    yield Result({**app.node.votes.whole(poll), **sent}, ok=ok)


async def _deliver(app: App) -> dict[str, Any]:
    states = [one.row.state async for one in app.node.publisher.deliver()]
    return {state: states.count(state) for state in ("delivered", "pending", "refused")}


def _members(given: Arguments) -> list[str]:
    """Returns the nodes that are named: one that is none could never vote, and the others never reach a quorum.

    Raises:
        UsageError: one of them is no node's id.
    """
    for one in given["members"]:
        try:
            PublicKey.from_did(str(one))
        except Refused:
            raise UsageError(f"{plain(str(one), 80)} is no node's id: hansa id prints it at each member's") from None
    return [str(one) for one in given["members"]]


def _rationale(given: Arguments) -> str:
    text = str(given["rationale"]).strip()
    if not 1 <= len(text) <= MAX_RATIONALE:
        raise UsageError(f"say why in 1 to {MAX_RATIONALE} characters: --rationale TEXT")
    return text


def _lasts(given: Arguments) -> int:
    return int(given.get("seconds") or 0) * 1_000


def _to(given: Arguments) -> tuple[str, ...]:
    addresses = tuple(url.rstrip("/") for url in given.get("to") or ())
    for url in addresses:
        check_address(url)
    return addresses
