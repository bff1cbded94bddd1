"""Which notices were answered, and what is sent again (M9, acknowledgements and repair). Bounded in all directions."""

from __future__ import annotations

from dataclasses import dataclass, field

from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import SECOND, Instant


@dataclass(frozen=True, slots=True)
class Params:
    """How answers are waited for.

    Attributes:
        wait_ms: milliseconds until it is sent again to whoever has not answered; twice as long after each time.
        tries: times that it is sent in all. Raising it repairs more, and bothers silent nodes more.
        notices: notices that are waited for at once; of more, the oldest is given up.
        answers: nodes whose answer to one notice is remembered.
    """

    wait_ms: int = 15 * SECOND
    tries: int = 3
    notices: int = 256
    answers: int = 1_024

    def validate(self) -> None:
        """Raises ValueError naming the field when a value makes no sense."""
        for name in ("wait_ms", "tries", "notices", "answers"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")


@dataclass(slots=True)
class _Sent:
    raw: bytes
    named: bool
    missing: dict[NodeId, None]
    due: Instant
    tries: int = 1
    answered: dict[NodeId, str] = field(default_factory=dict)


class Acks:
    """Own notices that want an answer."""

    def __init__(self, params: Params | None = None) -> None:
        """Begins with none."""
        self._params = params or Params()
        self._params.validate()
        self._sent: dict[ContentId, _Sent] = {}

    def __len__(self) -> int:
        """Counts the notices that are waited for."""
        return len(self._sent)

    def sent(self, id_: ContentId, raw: bytes, destinations: tuple[NodeId, ...], now: Instant) -> None:
        """Begins to wait for answers; without destinations they are counted and nothing is sent again."""
        self._sent[id_] = _Sent(
            raw, bool(destinations), dict.fromkeys(destinations), Instant(now + self._params.wait_ms)
        )
        if len(self._sent) > self._params.notices:
            del self._sent[next(iter(self._sent))]

    def noticed(self, author: NodeId, to: ContentId, done: str) -> bool:
        """Takes a verified answer; False when nothing was waited for, or it was answered by that node already.

        Where a notice named nodes, only theirs count.
        """
        sent = self._sent.get(to)
        if sent is None or author in sent.answered or len(sent.answered) >= self._params.answers:
            return False
        if sent.named and author not in sent.missing:
            return False
        sent.missing.pop(author, None)
        sent.answered[author] = done
        return True

    def answers(self, id_: ContentId) -> dict[NodeId, str]:
        """Returns who has answered a notice, and what it did."""
        return dict(self._sent[id_].answered) if id_ in self._sent else {}

    def due(self, now: Instant) -> list[tuple[bytes, NodeId]]:
        """Returns what is to be sent again, and to whom: for `Routes.carry`. What was sent often enough is given up."""
        again: list[tuple[bytes, NodeId]] = []
        for id_, sent in list(self._sent.items()):
            if now < sent.due:
                continue
            if sent.tries >= self._params.tries or (sent.named and not sent.missing):
                del self._sent[id_]
                continue
            again += [(sent.raw, node) for node in sent.missing]
            sent.due = Instant(now + (self._params.wait_ms << sent.tries))
            sent.tries += 1
        return again
