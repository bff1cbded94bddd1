"""Operations on the ledger: list, verify, export, import."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hansa.adapters import files
from hansa.admission.service import Via
from hansa.conduct.ledger import KIND as RECEIPT
from hansa.conduct.ledger import Dealing, Receipt, first_fault
from hansa.entrypoints.app import App
from hansa.entrypoints.operations.people import named
from hansa.entrypoints.operations.registry import Arguments, Outcome, operation
from hansa.entrypoints.steps import Progress, Result
from hansa.identity.envelope import Verified
from hansa.kernel.errors import HansaError, Refused
from hansa.kernel.ids import ContentId
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import parse
from hansa.node import ledger_file, splits
from hansa.node.driver import Effects
from hansa.node.ledger_reader import Reader, Reading
from hansa.node.rows import LedgerRow, PutBlob
from hansa.node.vault import open_record, open_signed

STEP = 1_000


@operation("ledger.list")
async def _ledger_list(app: App, given: Arguments) -> Outcome:
    core = app.node.core
    store = core.store
    after, limit = given.get("after", 0), given.get("limit", 100)
    if given.get("about"):
        rows = store.receipts_of(named(app, given["about"]), after, limit)
    else:
        rows = store.ledger(after, limit)
    shown = [app.node.views.ledger_entry(row) | {"counts": core.accounts.deed(row) is not None} for row in rows]
    yield Result({"node": core.me, "entries": shown, "count": len(rows)})


@operation("ledger.verify")
async def _ledger_verify(app: App, given: Arguments) -> Outcome:
    if given.get("path"):
        reader = Reader(app.node.core.settings.limits)
        for step in _read(reader, given["path"]):
            yield step
        yield Result(*_told_of_file(reader.found))
        return
    store = app.node.core.store
    total, head = store.ledger_mark()
    rows: list[LedgerRow] = []
    unreadable: list[int] = []
    revoked: list[int] = []
    one_sided: list[int] = []
    while page := store.ledger(len(rows), STEP):
        for row in page:
            record = store.record(row.entry.receipt)
            try:
                if record is None:
                    unreadable.append(row.entry.number)
                elif not _is_signed_by_both(app, open_record(record, app.node.core.ring)):
                    one_sided.append(row.entry.number)
            except Refused as refusal:
                (revoked if refusal.reason is Reason.REVOKED else unreadable).append(row.entry.number)
        rows += page
        yield Progress(len(rows), max(total, len(rows)), "links")
    fault = first_fault(row.entry for row in rows)
    end = (rows[-1].entry.number, rows[-1].entry.hash) if rows else (0, "")
    missing = max(0, total - len(rows)) or int(end != (total, head))
    ok = fault is None and not unreadable and not one_sided and not missing
    value = {
        "entries": len(rows), "first_broken_link": fault, "bad_receipts": unreadable, "revoked_receipts": revoked,
        "one_sided": one_sided, "written": total, "missing_at_end": missing, "head": head,
    }  # fmt: skip
    yield Result(value | {"ok": ok}, ok=ok)


def _is_signed_by_both(app: App, message: Verified) -> bool:
    """Says whether whoever a receipt speaks of has signed what it speaks of."""
    core = app.node.core
    receipt = parse(message.body, Receipt)
    deed = core.store.record(ContentId(receipt.records[0]))
    if receipt.dealing is Dealing.EQUIVOCATED:
        first = open_signed(deed) if deed is not None else None
        proof = core.store.blob(ContentId(receipt.records[-1]))
        return not splits.flaw(receipt, first, proof, core.ring, core.settings.limits)
    return deed is not None and deed.author == receipt.subject


def _read(reader: Reader, path: str) -> Iterator[Progress]:
    lines = list(files.lines_of(Path(path)))
    for number in reader.read(lines):
        if not number % STEP or number == len(lines):
            yield Progress(number, len(lines), "lines")


def _told_of_file(found: Reading) -> tuple[dict[str, Any], bool]:
    flaws = [{"where": one.where, "what": one.what} for one in found.flaws]
    revoked = len(found.good) - len(found.receipts)
    value = {"node": found.node, "entries": found.links, "sealed": found.sealed, "revoked": revoked}
    value |= {"flaws": flaws, "ok": not flaws}
    return value, not flaws


@operation("ledger.export")
async def _ledger_export(app: App, given: Arguments) -> Outcome:
    total = app.node.core.store.ledger_mark()[0]
    lines: list[str] = []
    done = 0
    for line in ledger_file.lines(app.node.core):
        lines.append(line)
        done += line.startswith('{"link"')
        if not len(lines) % STEP:
            yield Progress(done, total, "links")
    yield Result({"lines": lines, "count": total, "node": app.node.core.me})


@operation("ledger.import", orders="path")
async def _ledger_import(app: App, given: Arguments) -> Outcome:
    """Takes in what holds of somebody's ledger, by the same door as any message; what does not hold is counted."""
    core = app.node.core
    reader = Reader(core.settings.limits)
    for step in _read(reader, given["path"]):
        yield step
    found = reader.found
    name = Path(given["path"]).name
    await core.driver.perform(Effects([PutBlob(one, found.blobs[one]) for one in found.proofs]))
    taken, refused, here = Counter[str](), Counter[str](), 0
    messages = [one for one in found.messages.values() if one.header.kind != RECEIPT or one.id in found.good]
    for number, message in enumerate(messages, 1):
        try:
            took = await app.node.inbox.receive(message.raw, Via.FILE, name)
            taken[took.kind] += 1
        except Refused as refusal:
            if refusal.reason is Reason.DUPLICATE:
                here += 1
            elif refusal.reason is not Reason.UNKNOWN_KIND:  # decisions are their author's own business
                refused[refusal.reason.code] += 1
        except HansaError as error:
            yield Result({"error": str(error), "taken": dict(taken)}, ok=False)
            raise
        if not number % 100 or number == len(messages):
            yield Progress(number, len(messages), "messages")
    value, sound = _told_of_file(found)
    value["decisions"] = len(found.decisions)
    value |= {"taken": dict(taken), "already_here": here, "refused": dict(refused), "dropped_links": found.dropped}
    yield Result(value, ok=sound and not refused)
