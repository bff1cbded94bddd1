"""How deep Python text nests, told from its tokens alone.

Python's parser, and whatever walks its tree, recurse with the nesting of the text. On a thread with a small stack a
deep text ends the process before any limit of the interpreter's own is reached, so the depth is bounded beforehand
(threat 12). Three counts are kept, each an upper bound of what the parser does:

1. depth: brackets, prefixes (`-`, `not`, …), lambdas, conditionals and powers that stand in one another
2. chain: operators and trailers in a row, as in `a + b + c` or `a.b().c[0]`, which nest to the left
3. branches: `elif` after `elif`, each of which stands in the one before
"""

from __future__ import annotations

import io
import keyword
import re
import tokenize
from dataclasses import dataclass, field

MAX_DEPTH = 100
MAX_CHAIN = 500
MAX_BRANCHES = 500

_OPENING, _CLOSING = frozenset({"(", "[", "{"}), frozenset({")", "]", "}"})
_PAIRS = frozenset({"()", "[]", "{}"})
_PREFIXES = frozenset({"-", "+", "~", "not", "await"})
_NESTING_RIGHT = frozenset({"if", "**"})
_NESTING_LEFT = frozenset({".", "+", "-", "*", "/", "//", "%", "@", "|", "&", "^", "<<", ">>"})
_VALUES = frozenset({"None", "True", "False"})
_SKIPPED = frozenset({tokenize.NL, tokenize.COMMENT})
_IN_FSTRING = re.compile(r"\b(?:not|lambda|if|await)\b|\*\*|[-+~(\[{.]")


def is_flat(text: str) -> bool:
    """Says whether `text` stays within all three bounds.

    Raises:
        SyntaxError: it is not Python; with the number of the line.
    """
    counter = _Counter()
    try:
        return all(counter.takes(token) for token in tokenize.generate_tokens(io.StringIO(text).readline))
    except tokenize.TokenError as error:
        line = error.args[1][0]
        if "statement" in error.args[0]:  # it goes on to the end of the text, where the tokenizer noticed
            line = counter.brackets.torn() or text.rstrip().count("\n") + 1
        raise SyntaxError(error.args[0], (None, line, None, None)) from None


@dataclass(slots=True)
class _Level:
    """What has been read since a bracket opened (or a line began), up to here.

    Attributes:
        right: conditionals and powers since the last comma.
        lambdas: since the bracket opened, as their own commas end nothing.
        prefixes: in a row, just now.
        chain: length of the chain since the last comma, with what stands in its brackets.
        longest: the longest chain between commas.
    """

    right: int = 0
    lambdas: int = 0
    prefixes: int = 0
    chain: int = 0
    longest: int = 0

    def depth(self) -> int:
        return self.right + self.lambdas + self.prefixes

    def lengthen(self, by: int = 1) -> None:
        self.chain += by
        self.longest = max(self.longest, self.chain)


@dataclass(slots=True)
class _Brackets:
    """Which brackets belong together.

    Attributes:
        opened: those that are open, each with its line.
        stray: the line of the first that closes another one, or none; 0 for none.
    """

    opened: list[tuple[str, int]] = field(default_factory=list)
    stray: int = 0

    def open(self, bracket: str, line: int) -> None:
        self.opened.append((bracket, line))

    def close(self, bracket: str, line: int) -> None:
        opening = self.opened.pop()[0] if self.opened else ""
        if opening + bracket not in _PAIRS:
            self.stray = self.stray or line

    def torn(self) -> int:
        """Returns the line of the bracket that lacks its other one; 0 when none does."""
        return self.stray or (self.opened[-1][1] if self.opened else 0)


@dataclass(slots=True)
class _Counter:
    """The counts after each token.

    Attributes:
        outer: for each open bracket, the level that it stands in.
        depth: of all of those together, the brackets included.
        operand: whether the last token ends a value, so that a sign is an operator and a bracket a trailer.
        branches: for each block that is open, how many `elif` the last `if` has had.
        begins: whether the next token begins a statement.
    """

    level: _Level = field(default_factory=_Level)
    outer: list[_Level] = field(default_factory=list)
    depth: int = 0
    operand: bool = False
    branches: list[int] = field(default_factory=lambda: [0])
    begins: bool = True
    brackets: _Brackets = field(default_factory=_Brackets)

    def takes(self, token: tokenize.TokenInfo) -> bool:
        """Counts the next token, and says whether all bounds still hold."""
        kind, word = token.type, token.string
        if kind in _SKIPPED:
            return True
        if kind == tokenize.INDENT:
            self.branches.append(0)
            return True
        if kind == tokenize.DEDENT:
            self.branches.pop()
            return True
        if self.begins and word in ("if", "elif"):
            self.branches[-1] = self.branches[-1] + 1 if word == "elif" else 0
            if sum(self.branches) > MAX_BRANCHES:
                return False
        self.begins = kind == tokenize.NEWLINE
        if self.begins:
            self.level, self.outer, self.depth, self.operand = _Level(), [], 0, False
        elif kind == tokenize.OP and word in _OPENING:
            self.brackets.open(word, token.start[0])
            self._open()
        elif kind == tokenize.OP and word in _CLOSING:
            self.brackets.close(word, token.start[0])
            self._close()
        else:
            self._word(kind, word)
        return self.depth + self.level.depth() <= MAX_DEPTH and self.level.chain <= MAX_CHAIN

    def _open(self) -> None:
        if self.operand:
            self.level.lengthen()
        self.outer.append(self.level)
        self.depth += self.level.depth() + 1
        self.level, self.operand = _Level(), False

    def _close(self) -> None:
        inner = self.level
        self.level = self.outer.pop() if self.outer else _Level()
        self.depth = max(0, self.depth - self.level.depth() - 1)
        self.level.lengthen(inner.longest)
        self.level.prefixes, self.operand = 0, True

    def _word(self, kind: int, word: str) -> None:
        level = self.level
        if word in _PREFIXES and not (self.operand and word in _NESTING_LEFT):
            level.prefixes += 1
            self.operand = False
            return
        level.prefixes = 0
        if word == "lambda":
            level.lambdas += 1
        elif word in _NESTING_RIGHT:
            level.right += 1
        elif kind == tokenize.OP and word in _NESTING_LEFT:
            level.lengthen()
        elif word == ",":
            level.right = level.chain = 0
        elif kind == tokenize.STRING and "f" in word[:2].lower():
            level.right = max(level.right, len(_IN_FSTRING.findall(word)))  # older tokenizers don't look into them
        self.operand = kind != tokenize.OP and not (keyword.iskeyword(word) and word not in _VALUES)
