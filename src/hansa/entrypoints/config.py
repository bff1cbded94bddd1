"""Settings: defaults, then `config.toml` in the data directory, then environment (HANSA_…), then flags.

Nothing below this module reads a file of settings or the environment. An error names the path of the setting.
"""

from __future__ import annotations

import os
import tomllib
from contextvars import ContextVar, copy_context
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from hansa.adapters.guard import Outbound
from hansa.adapters.llm.route import Route
from hansa.adapters.store.bounds import StoreBounds
from hansa.admission.service import Params as AdmissionParams
from hansa.kernel.errors import UsageError
from hansa.kernel.jobs import SandboxLimits
from hansa.kernel.limits import Limits
from hansa.node.core import Settings
from hansa.skills.policy import Params as ProofParams
from hansa.skills.ranking import Params as RankingParams

DEFAULT_PORT = 8470
MAX_FILE = 1024 * 1024

_flags: ContextVar[dict[str, Any]] = ContextVar("flags")
"""What was given on the command line, while settings are made."""


class Config(BaseSettings):
    """Every setting of a node. Sections are the parameters of the rooms; see docs/reference/settings.md."""

    model_config = SettingsConfigDict(env_prefix="HANSA_", env_nested_delimiter="__", extra="forbid", frozen=True)

    name: Annotated[str, Field(max_length=64, description="What this node calls itself; shown, never trusted.")] = ""
    role: Annotated[str, Field(description='"node", or "hub": passes on what invited peers push.')] = "node"
    network: Annotated[str, Field(description="Messages of another network are refused.")] = "hansa"
    host: Annotated[str, Field(description="Address to listen on; loopback unless you choose otherwise.")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="Port to listen on; 0 takes a free one.")] = DEFAULT_PORT
    hosts: Annotated[
        tuple[str, ...], Field(description="Names by which this node is reached, beside numbers and localhost.")
    ] = ()
    solver: Annotated[str, Field(description="Command asked when no skill fits; see docs/reference/solver.md.")] = ""
    solver_seconds: Annotated[float, Field(gt=0, le=3600, description="How long the solver may take.")] = 30.0
    sandbox_tier: Annotated[str, Field(description="Use this sandbox tier only; empty: the strongest that works.")] = ""
    sync_seconds: Annotated[float, Field(gt=0, le=86400, description="Longest pause between two pulls.")] = 20.0
    admit_proved: Annotated[bool, Field(description="Admit a peer's skill once it is proved here.")] = True
    workers: Annotated[int, Field(ge=1, le=256, description="Proofs at the same time; 0 cores known means 2.")] = (
        os.cpu_count() or 2
    )
    mcp_allow: Annotated[
        tuple[str, ...],
        Field(description="Scopes that agents have beyond read, record and prove: publish, review, admin."),
    ] = ()
    mcp_hosts: Annotated[
        tuple[str, ...],
        Field(description="Host names under which /mcp answers others than this machine; none: this machine only."),
    ] = ()
    log_json: Annotated[bool, Field(description="Logs as JSON lines.")] = False
    log_level: Annotated[str, Field(description="On standard error: debug, info, warning or error.")] = "warning"
    log_file_level: Annotated[str, Field(description="What a node's log file keeps; off for no file.")] = "info"
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
    sandbox: Annotated[SandboxLimits, Field(description="Bounds on one trial.")] = SandboxLimits()
    outbound: Annotated[Outbound, Field(description="Where this node may connect to.")] = Outbound()
    llm: Annotated[tuple[Route, ...], Field(description="Language models, asked in this order.")] = ()
    store: Annotated[StoreBounds, Field(description="Bounds on the store and the disk under it.")] = StoreBounds()

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
        return (InitSettingsSource(settings_cls, _flags.get({})), env_settings, init_settings)

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
            sandbox=self.sandbox,
        )


def load(home: Path, flags: dict[str, Any] | None = None) -> Config:
    """Returns the settings of the node in `home`.

    Args:
        flags: what was given on the command line; None values are left out.

    Raises:
        UsageError: naming the setting and what is wrong with it.
    """
    path = home / "config.toml"
    values = _read(path)
    _check_names(values, path)
    try:
        given = {name: value for name, value in (flags or {}).items() if value is not None}
        config = copy_context().run(_made, values, given)
        config.settings().validate()
        config.outbound.validate()
        _check_routes(config.llm)
        config.store.validate()
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        variable = "HANSA_" + where.upper().replace(".", "__")
        raise UsageError(f"setting {where}: {first['msg']} (in {path}, {variable} or a flag)") from None
    except ValueError as error:
        raise UsageError(f"setting {error} (in {path}, the environment or a flag)") from None
    return config


def _made(values: dict[str, Any], flags: dict[str, Any]) -> Config:
    _flags.set(flags)
    return Config(**values)


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
        if len(data) > MAX_FILE:
            raise UsageError(f"{path} has more than {MAX_FILE} bytes: settings need a few thousand")
        return tomllib.loads(data.decode())
    except FileNotFoundError:
        return {}
    except PermissionError:
        raise UsageError(f"no permission to read {path}: make it readable for this user") from None
    except NotADirectoryError:
        raise UsageError(f"{path.parent} is no directory: choose another with --home") from None
    except IsADirectoryError:
        raise UsageError(f"{path} is a directory: settings are one file of that name") from None
    except (ValueError, RecursionError) as error:  # also for endless integers and endless nesting
        raise UsageError(f"{path} is not TOML: {str(error)[:200]}") from None


def _check_names(values: dict[str, Any], path: Path) -> None:
    """Refuses names that are no settings: a typing error must not silently leave a default in force."""
    for name, value in values.items():
        field = Config.model_fields.get(name)
        if field is None:
            raise UsageError(f"setting {name}: there is no such setting (in {path}): see hansa config")
        if isinstance(value, dict) and is_dataclass(field.default):
            known = {one.name for one in fields(field.default)}
            for inner in value:
                if inner not in known:
                    raise UsageError(f"setting {name}.{inner}: there is no such setting (in {path})")
        if name == "llm" and isinstance(value, list):
            known = {one.name for one in fields(Route)}
            for inner in (key for table in value if isinstance(table, dict) for key in table):
                if inner not in known:
                    raise UsageError(f"setting llm.{inner}: there is no such setting (in {path})")


def _check_routes(routes: tuple[Route, ...]) -> None:
    """Raises ValueError when a route makes no sense, or two have one name."""
    names: set[str] = set()
    for route in routes:
        try:
            route.validate()
        except ValueError as error:
            raise ValueError(f"llm.{route.name or '?'}: {error}") from None
        if route.name in names:
            raise ValueError(f"llm: two routes are called {route.name}")
        names.add(route.name)


def llm_keys(routes: tuple[Route, ...]) -> dict[str, str]:
    """Returns the key of each route by the route's name; empty where none is needed, or none is there."""
    return {one.name: os.environ.get(one.key_env, "").strip() if one.key_env else "" for one in routes}
