"""Looks for secrets before anything leaves the machine (H3). It names the kind and the place, never the secret."""

from __future__ import annotations

import re

from hansa.skills.model import Skill

_PATTERNS = (
    ("private key", r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    ("AWS access key", r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    ("GitHub token", r"\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bgithub_pat_[A-Za-z0-9_]{50,}\b"),
    ("GitLab token", r"\bglpat-[A-Za-z0-9_-]{20,}"),
    ("Slack token", r"\bxox[abposr]-[A-Za-z0-9-]{10,}"),
    ("Google API key", r"\bAIza[0-9A-Za-z_-]{35}\b"),
    (
        "OpenAI or Anthropic key",
        r"\bsk-(?:ant-|proj-)?(?=[A-Za-z_-]{0,40}[0-9])(?=[0-9a-z_-]{0,40}[A-Z0-9])[A-Za-z0-9_-]{20,}",
    ),
    ("Stripe key", r"\b[rs]k_live_[0-9a-zA-Z]{20,}"),
    ("JSON web token", r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    ("password in a URL", r"\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@'\"{}<>$]{1,64}:[^\s:/@'\"{}<>$*]{3,64}@[\w.-]+"),
    (
        "assigned secret",
        r"(?i)(?<![a-z0-9])(?:[a-z0-9]{1,20}_){0,3}(?:password|passwd|secret|api_?key|access_?token|auth_?token)\b['\"]?\s*[:=]\s*['\"]"
        r"(?!(?:[^'\"]*(?:example|changeme|placeholder|your|xxx|\*\*\*|<|\$\{|redacted|test|dummy)))[^'\"\s]{8,}['\"]",
    ),
)
_COMPILED = tuple((name, re.compile(pattern)) for name, pattern in _PATTERNS)


def find_secrets(skill: Skill) -> tuple[str, ...]:
    """Returns what looks like a secret in `skill`, as "kind in place"; empty when nothing does."""
    places = (
        ("intent", skill.intent),
        ("reasoning path", "\n".join(step.action for step in skill.reasoning_path)),
        ("result", "\n".join((skill.result.text, skill.result.entry_point, *(one.path for one in skill.result.files)))),
        ("tags and licence", "\n".join((*skill.tags, skill.license))),
        ("checks", "\n".join((*skill.scripts, *(f"{case.args}\n{case.expect}" for case in skill.cases)))),
    )
    return tuple(f"{name} in {place}" for place, text in places for name in secrets_in(text))


def secrets_in(text: str) -> tuple[str, ...]:
    """Returns the kinds of secrets that `text` seems to hold."""
    return tuple(name for name, pattern in _COMPILED if pattern.search(text))
