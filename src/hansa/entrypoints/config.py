"""Settings: defaults, then `config.toml` in the data directory, then environment (HANSA_…), then flags.

Nothing below this module reads a file of settings or the environment. An error names the path of the setting.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from contextvars import ContextVar, copy_context
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from hansa.adapters.guard import Outbound
from hansa.adapters.llm.route import Route
from hansa.adapters.store.bounds import StoreBounds
from hansa.admission.service import Params as AdmissionParams
from hansa.conduct.standing import Params as ConductParams
from hansa.entrypoints import host_names
from hansa.entrypoints.problems import BadSettings, Given, Problem, in_our_words, slip
from hansa.governance.case import Params as DisputeParams
from hansa.governance.risk import Params as RiskParams
from hansa.governance.voting import Params as VotingParams
from hansa.kernel.errors import UsageError
from hansa.kernel.jobs import SandboxLimits
from hansa.kernel.limits import Limits
from hansa.market.checking import Params as CheckingParams
from hansa.market.leases import Params as LendingParams
from hansa.market.policy import Params as ClearingParams
from hansa.market.slots import Params as SlotParams
from hansa.node.core import Settings
from hansa.node.market_settings import MarketSettings, Trading
from hansa.node.overlay_settings import OverlaySettings
from hansa.skills.policy import Params as ProofParams
from hansa.skills.ranking import Params as RankingParams
from hansa.swarm.params import Params as SwarmParams

DEFAULT_PORT = 8470
MAX_FILE = 1024 * 1024

_flags: ContextVar[dict[str, Any]] = ContextVar("flags")
"""What was given on the command line, while settings are made."""

_passed_over: ContextVar[frozenset[str]] = ContextVar("passed_over", default=frozenset())
"""Settings whose variables are not read, while settings are made: known to be wrong, and told already."""

_LARGEST = 2**53
"""No number of a setting is beyond it: as JSON, not every program could read it back."""


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


Level = Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)]
FileLevel = Annotated[Literal["debug", "info", "warning", "error", "off"], BeforeValidator(_lower)]
TierName = Literal["", "bubblewrap", "namespaces", "landlock", "seatbelt"]
"""The names of `hansa.adapters.sandbox.TIERS`, and none: the strongest that works."""
ScopeName = Literal["read", "record", "prove", "publish", "review", "admin"]
"""The names of `hansa.entrypoints.mcp.scopes.Scope`, which is part of an extra."""


class _Variables(EnvSettingsSource):
    """The environment: a variable whose name is no setting's sets nothing, in a section as well as outside of one."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        wrong = {f"{self.env_prefix}{one}".lower() for one in _passed_over.get()}
        every = super()._load_env_vars()
        return {name: value for name, value in every.items() if name.lower().replace("__", ".") not in wrong}

    def explode_env_vars(self, field_name: str, field: FieldInfo, env_vars: Mapping[str, str | None]) -> dict[str, Any]:
        if not is_dataclass(field.default):
            return {}
        section = f"{self.env_prefix}{field_name}__".lower()
        named = {section + one.name: one.name for one in fields(field.default)}
        found: dict[str, Any] = {named[name]: value for name, value in env_vars.items() if name in named}
        lists = [name for name in found if isinstance(getattr(field.default, name), tuple)]
        return found | {name: self.decode_complex_value(name, field, found[name]) for name in lists}

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:  # no JSON: what it should be is told when the value is looked at
            return value


class Config(BaseSettings):
    """Every setting of a node. Sections are the parameters of the rooms; see docs/reference/settings.md."""

    model_config = SettingsConfigDict(env_prefix="HANSA_", env_nested_delimiter="__", extra="forbid", frozen=True)

    name: Annotated[str, Field(max_length=64, description="What this node calls itself; shown, never trusted.")] = ""
    role: Annotated[str, Field(description='"node", or "hub": passes on what invited peers push.')] = "node"
    network: Annotated[str, Field(description="Messages of another network are refused.")] = "hansa"
    replica: Annotated[
        bool, Field(description="One of several processes of this hub, on one database; see docs/how-to/run-a-hub.md.")
    ] = False
    host: Annotated[
        str, Field(min_length=1, description="Address to listen on; loopback unless you choose otherwise.")
    ] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="Port to listen on; 0 takes a free one.")] = DEFAULT_PORT
    hosts: Annotated[
        tuple[str, ...], Field(description="Names by which this node is reached, beside numbers and localhost.")
    ] = ()
    solver: Annotated[str, Field(description="Command asked when no skill fits; see docs/reference/solver.md.")] = ""
    solver_seconds: Annotated[float, Field(gt=0, le=3600, description="How long the solver may take.")] = 30.0
    sandbox_tier: Annotated[
        TierName,
        Field(
            description="Use this alone: bubblewrap, namespaces, landlock or seatbelt; empty: the strongest that works."
        ),
    ] = ""
    sync_seconds: Annotated[float, Field(gt=0, le=86400, description="Longest pause between two pulls.")] = 20.0
    admit_proved: Annotated[bool, Field(description="Admit a peer's skill once it is proved here.")] = True
    workers: Annotated[int, Field(ge=1, le=256, description="Proofs at the same time; 0 cores known means 2.")] = (
        os.cpu_count() or 2
    )
    mcp_allow: Annotated[
        tuple[ScopeName, ...],
        Field(description="Scopes that agents have beyond read, record and prove: publish, review, admin."),
    ] = ()
    mcp_hosts: Annotated[
        tuple[str, ...],
        Field(description="Host names under which /mcp answers others than this machine; none: this machine only."),
    ] = ()
    log_json: Annotated[bool, Field(description="Logs as JSON lines.")] = False
    log_level: Annotated[Level, Field(description="On standard error: debug, info, warning or error.")] = "warning"
    log_file_level: Annotated[
        FileLevel, Field(description="What a node's log file keeps: debug, info, warning or error; off for no file.")
    ] = "info"
    log_file_bytes: Annotated[
        int, Field(ge=10_000, le=2**40, description="Size at which the log file is put aside and a new one begun.")
    ] = 5_000_000
    log_files: Annotated[int, Field(ge=1, le=100, description="Log files that are kept, with the newest.")] = 4
    metrics: Annotated[
        Literal["loopback", "token", "off"],
        Field(description="Who may read /metrics: loopback (and holders of a token), token or off."),
    ] = "loopback"
    limits: Annotated[Limits, Field(description="Bounds on one message.")] = Limits()
    admission: Annotated[AdmissionParams, Field(description="Who may push, how much, how fresh.")] = AdmissionParams()
    skills: Annotated[ProofParams, Field(description="How much proof is enough.")] = ProofParams()
    ranking: Annotated[RankingParams, Field(description="Weights of search.")] = RankingParams()
    conduct: Annotated[ConductParams, Field(description="How this node deals with others.")] = ConductParams()
    sandbox: Annotated[SandboxLimits, Field(description="Bounds on one trial.")] = SandboxLimits()
    disputes: Annotated[DisputeParams, Field(description="By which evidence this node rules in disputes.")] = (
        DisputeParams()
    )
    voting: Annotated[VotingParams, Field(description="How it asks others before something changes.")] = VotingParams()
    risk: Annotated[RiskParams, Field(description="What makes a change look risky here.")] = RiskParams()
    outbound: Annotated[Outbound, Field(description="Where this node may connect to.")] = Outbound()
    llm: Annotated[tuple[Route, ...], Field(description="Language models, asked in this order.")] = ()
    overlay: Annotated[OverlaySettings, Field(description="This node's place in the overlay.")] = OverlaySettings()
    trading: Annotated[Trading, Field(description="How this node deals in the market.")] = Trading()
    lending: Annotated[LendingParams, Field(description="Bounds on what it lends.")] = LendingParams()
    clearing: Annotated[ClearingParams, Field(description="How it weighs offers.")] = ClearingParams()
    slots: Annotated[SlotParams, Field(description="How it runs the jobs of those it lends to.")] = SlotParams()
    checking: Annotated[CheckingParams, Field(description="How closely it looks at results it paid for.")] = (
        CheckingParams()
    )
    swarm: Annotated[SwarmParams, Field(description="What it does for other nodes, and how it asks them.")] = (
        SwarmParams()
    )
    store: Annotated[StoreBounds, Field(description="Where the store is, and its bounds.")] = StoreBounds()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Puts flags before the environment, and that before the file's values (given to the constructor)."""
        return (InitSettingsSource(settings_cls, _flags.get({})), _Variables(settings_cls), init_settings)

    @field_validator("hosts", "mcp_hosts")
    @classmethod
    def _are_hosts(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(host_names.sound, names))

    @field_validator("host")
    @classmethod
    def _is_host(cls, name: str) -> str:
        return host_names.sound(name)

    def settings(self) -> Settings:
        """Returns what the node needs of all this."""
        return Settings(
            name=self.name,
            role=self.role,
            network=self.network,
            admit_proved=self.admit_proved,
            workers=self.workers,
            limits=self.limits,
            admission=self.admission,
            skills=self.skills,
            ranking=self.ranking,
            conduct=self.conduct,
            sandbox=self.sandbox,
            disputes=self.disputes,
            voting=self.voting,
            risk=self.risk,
            findings=self.overlay.findings if self.overlay.on else "none",
        )

    def market(self) -> MarketSettings:
        """Returns what the node's market needs of it."""
        return MarketSettings(self.trading, self.lending, self.clearing, self.slots, self.checking)


def load(home: Path, flags: dict[str, Any] | None = None) -> Config:
    """Returns the settings of the node in `home`.

    Args:
        flags: what was given on the command line; None values are left out.

    Raises:
        BadSettings: naming each setting that makes no sense, what is wrong with it, and where it is said.
        UsageError: the file can't be read, or is no TOML.
    """
    path = home / "config.toml"
    text = _read(path)
    values = _parsed(text, path)
    given = Given(path, text, {name: value for name, value in (flags or {}).items() if value is not None})
    problems = list(_slips(values, given))
    config: Config | None = None
    try:
        config = copy_context().run(_made, values, dict(given.flags), frozenset())
    except ValidationError as error:
        found = error.errors()
        problems += [in_our_words(dict(one), given) for one in found]
        config = _without(frozenset(_setting(one["loc"]) for one in found), values, given)
    if config:
        problems += [Problem(name, what, given.origin(name)) for name, what in _checked(config)]
    if config is None or problems:
        raise BadSettings(problems)
    return config


def _made(values: dict[str, Any], flags: dict[str, Any], passed_over: frozenset[str]) -> Config:
    given = dict(flags)
    if (named := given.pop("transport", None)) is not None:  # flags' short names for settings in sections
        given["overlay"] = {"transports": tuple(one.strip() for one in named.split(",") if one.strip())}
    if (url := given.pop("store", None)) is not None:
        given["store"] = {"url": url}
    _flags.set(given)
    _passed_over.set(passed_over)
    return Config(**values)


def _setting(place: tuple[int | str, ...]) -> str:
    """Returns the setting in which the library found something wrong: its name, in a section with the section's."""
    top = str(place[0])
    within = len(place) > 1 and is_dataclass(Config.model_fields[top].default)
    return f"{top}.{place[1]}" if within else top


def _without(wrong: frozenset[str], values: dict[str, Any], given: Given) -> Config | None:
    """Returns the settings without those that are wrong, so that the others are looked at too."""
    left = {name: value for name, value in values.items() if name not in wrong}
    for section, value in left.items():
        if isinstance(value, dict):
            left[section] = {name: one for name, one in value.items() if f"{section}.{name}" not in wrong}
    flags = {name: value for name, value in given.flags.items() if name not in wrong}
    try:
        return copy_context().run(_made, left, flags, wrong)
    except ValidationError:
        return None


def _checked(config: Config) -> Iterator[tuple[str, str]]:
    """Yields each setting that makes no sense among those of the right kind, and what is wrong with it."""
    sections = [one for one in Config.model_fields if hasattr(getattr(config, one), "validate")]
    for section in sections:
        yield from _flaws(getattr(config, section), f"{section}.")
    sound = {one: type(getattr(config, one))() for one in sections if one in {each.name for each in fields(Settings)}}
    yield from _flaws(replace(config.settings(), findings="none", **sound))  # overlay.findings was looked at above
    yield from _flaws_of_routes(config.llm)
    if config.replica and not (config.role == "hub" and config.store.url):
        yield "replica", 'is for a hub whose rows are in a database: it needs role = "hub" and store.url'


def _flaws(part: Any, section: str = "") -> Iterator[tuple[str, str]]:
    """Yields what `validate` finds; it ends at the first, so that it is asked again with the default in that place.

    What it says begins with the name of a field.
    """
    default = type(part)()
    while True:
        try:
            part.validate()
        except ValueError as error:
            name, _, what = str(error).partition(" ")
            name = name.rstrip(":")
            yield section + name, what
            if getattr(part, name) == getattr(default, name):
                return
            part = replace(part, **{name: getattr(default, name)})
        else:
            break
    for one in fields(part):
        value = getattr(part, one.name)
        if isinstance(value, int) and abs(value) > _LARGEST:
            yield section + one.name, f"must be at most {_LARGEST}"


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
        if len(data) > MAX_FILE:
            raise UsageError(f"{path} has more than {MAX_FILE} bytes: settings need a few thousand")
        return data.decode()
    except FileNotFoundError:
        return ""
    except PermissionError:
        raise UsageError(f"no permission to read {path}: make it readable for this user") from None
    except NotADirectoryError:
        raise UsageError(f"{path.parent} is no directory: choose another with --home") from None
    except IsADirectoryError:
        raise UsageError(f"{path} is a directory: settings are one file of that name") from None
    except ValueError as error:
        raise UsageError(f"{path} is not TOML: {str(error)[:200]}") from None


def _parsed(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also for endless integers and endless nesting
        raise UsageError(f"{path} is not TOML: {str(error)[:200]}") from None


def _slips(values: dict[str, Any], given: Given) -> Iterator[Problem]:
    """Takes names out that are no settings, and yields each: a slip must not silently leave a default in force."""
    every = names()
    for name in list(values):
        found = Config.model_fields.get(name)
        value = values[name]
        if found is None:
            del values[name]
            yield slip(name, every, given)
        elif isinstance(value, dict) and is_dataclass(found.default):
            yield from _slips_within(name, value, found.default, given)
        elif name == "llm" and isinstance(value, list):
            for number, one in enumerate(value):
                if isinstance(one, dict):
                    yield from _slips_within(f"llm.{number}", one, Route, given)


def _slips_within(section: str, values: dict[str, Any], kind: Any, given: Given) -> Iterator[Problem]:
    known = {one.name for one in fields(kind)}
    for name in [one for one in values if one not in known]:
        del values[name]
        yield slip(f"{section}.{name}", [f"{section.partition('.')[0]}.{one}" for one in known], given)


def names() -> list[str]:
    """Returns the name of every setting, those in sections with the section's."""
    found = []
    for name, one in Config.model_fields.items():
        inner = [f"{name}.{each.name}" for each in fields(one.default)] if is_dataclass(one.default) else []
        found += [name, *inner]
    return found


def _flaws_of_routes(routes: tuple[Route, ...]) -> Iterator[tuple[str, str]]:
    """Yields the first that is wrong with each language model, and names that two have."""
    for number, route in enumerate(routes):
        try:
            route.validate()
        except ValueError as error:
            yield f"llm.{route.name or '?'}", str(error)
        if any(route.name == other.name for other in routes[:number]):
            yield "llm", f"two routes are called {route.name}"


def llm_keys(routes: tuple[Route, ...]) -> dict[str, str]:
    """Returns the key of each route by the route's name; empty where none is needed, or none is there."""
    return {one.name: os.environ.get(one.key_env, "").strip() if one.key_env else "" for one in routes}
