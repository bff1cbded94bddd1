"""One endpoint, as the operator names it in `config.toml`."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from hansa.adapters.guard import is_this_machine


@dataclass(frozen=True, slots=True)
class Route:
    """An OpenAI-compatible endpoint (`POST url/chat/completions`) and what it may cost.

    Attributes:
        name: what commands and messages call it.
        url: its address up to and with the version, e.g. `http://127.0.0.1:11434/v1`.
        model: the model's name there.
        key_env: name of the environment variable with its key; empty: none is sent. The key itself is no setting.
        stream: ask for the answer piece by piece, so that a stalled one is noticed early.
        seconds: how long a whole answer may take.
        idle_seconds: how long it may keep silent in between.
        max_tokens: how long an answer may be.
        tokens_per_day: budget of tokens, question and answer together, for each day (UTC); 0: no bound.
        micros_per_day: budget of money in millionths of your currency for each day; 0: no bound.
        micros_in, micros_out: price of 1,000 tokens of question and of answer, in millionths of your currency.
    """

    name: str
    url: str
    model: str
    key_env: str = ""
    stream: bool = True
    seconds: float = 60.0
    idle_seconds: float = 20.0
    max_tokens: int = 4096
    tokens_per_day: int = 0
    micros_per_day: int = 0
    micros_in: int = 0
    micros_out: int = 0

    def validate(self) -> None:
        """Raises ValueError naming the field when one makes no sense."""
        for name in ("name", "url", "model"):
            if not getattr(self, name).strip():
                raise ValueError(f"{name} must not be empty")
        if len(self.name) > 64 or not self.name.isprintable():
            raise ValueError("name must have at most 64 printable characters")
        self._check_url()
        if not 0 < self.seconds <= 3600 or not 0 < self.idle_seconds <= 3600:
            raise ValueError("seconds and idle_seconds must be above 0 and at most 3600")
        if not 1 <= self.max_tokens <= 1_000_000:
            raise ValueError("max_tokens must be between 1 and 1000000")
        for name in ("tokens_per_day", "micros_per_day", "micros_in", "micros_out"):
            if not 0 <= getattr(self, name) <= 10**15:
                raise ValueError(f"{name} must not be negative")
        if self.micros_per_day and not (self.micros_in or self.micros_out):
            raise ValueError("micros_per_day needs the prices micros_in and micros_out")

    def _check_url(self) -> None:
        try:
            parts = urlsplit(self.url)
            good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            good = False
        if not good or parts.username or parts.query or parts.fragment:
            raise ValueError("url must be like https://host/v1, without user, query or fragment")
        if parts.scheme == "http" and self.key_env and not is_this_machine(parts.hostname or ""):
            raise ValueError("url must be https where a key is sent, except on this machine")

    def cost(self, tokens_in: int, tokens_out: int) -> int:
        """Returns what so many tokens cost, in millionths of the currency, rounded up."""
        return -(-(tokens_in * self.micros_in + tokens_out * self.micros_out) // 1000)
