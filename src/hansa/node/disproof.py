"""Notes that say a skill did its work, held against this node's own findings: what is refuted is recalled as a failure.

A trace comes with its agent's word that the task was solved. Until a proof that word is all there is; once a proof says
otherwise, it would steer the next agent into the same mistake (threat 16). A later pass does not turn a note back: that
it was refuted once stays worth knowing.
"""

from __future__ import annotations

from msgspec import structs

from hansa.kernel.ids import ContentId
from hansa.kernel.verdict import Reason
from hansa.node.core import Core
from hansa.node.rows import Change, DropReflections, PutReflection
from hansa.skills.model import Outcome
from hansa.skills.reflections import Reflection, ReflectionFilter, Went, claims_success, refuted

_PAGE = 500


def as_found(core: Core, one: Reflection) -> Reflection:
    """Returns a note as it is to be kept: as a failure, where it praises what this node has refuted last."""
    if not claims_success(one):
        return one
    found = core.store.evidence(ContentId(one.skill))
    own = [each for each in found if each.prover == core.me and each.outcome is not Outcome.INCONCLUSIVE]
    if not own or own[-1].outcome is not Outcome.FAIL:
        return one
    return _held(core, one) or refuted(one, in_words(own[-1].reason))


def _held(core: Core, one: Reflection) -> Reflection | None:
    """Returns what a note of success was turned into before, whatever the reason was then."""
    asked = ReflectionFilter(outcome=Went.FAILURE, skill=one.skill, session=one.session)
    known = core.store.reflections(asked, limit=_PAGE)
    return next((old for old in known if structs.replace(old, outcome=Went.SUCCESS, error=one.error) == one), None)


def overtaken(core: Core, skill: str, why: str) -> list[Change]:
    """Returns the changes that turn the notes of success about a skill into failures.

    Args:
        why: the reason of the finding, in words.
    """
    asked, after = ReflectionFilter(outcome=Went.SUCCESS, skill=skill), ""
    changes: list[Change] = []
    while page := core.store.reflections(asked, after=after, limit=_PAGE):
        after = page[-1].id
        praise = [one for one in page if claims_success(one)]
        changes += [PutReflection(refuted(one, why)) for one in praise]
        if praise:
            changes.append(DropReflections(tuple(one.id for one in praise)))
    return changes


def in_words(code: str) -> str:
    """Returns the text of a reason's code; the code itself where a later version of Hansa wrote it."""
    return next((reason.text for reason in Reason if reason.code == code), code)
