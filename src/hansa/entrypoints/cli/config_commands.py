"""Commands on settings: show, check, path, schema."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from hansa.entrypoints.cli.options import AsJson, Home, epilog
from hansa.entrypoints.cli.show import print_json, say, table
from hansa.entrypoints.home import home_directory
from hansa.kernel.errors import NotFound

cli = typer.Typer()
config = typer.Typer(help="The settings in force, their origin, and their check.")
cli.add_typer(config, name="config")

Origin = Annotated[bool, typer.Option("--origin", help="Also where each comes from: default, FILE:LINE, variable.")]


WIDEST = 24
"""Characters of a list that are shown; --json has all of it."""


@config.callback(invoke_without_command=True)
def _show_by_default(
    context: typer.Context, home: Home = None, origin: Origin = False, as_json: AsJson = False
) -> None:
    """Show every setting in force. They come from config.toml, then HANSA_… variables, then flags."""
    if context.invoked_subcommand is None:
        show(home, origin, as_json)


@config.command(epilog=epilog("hansa config show --origin", "HANSA_PORT=9000 hansa config show --json"))
def show(home: Home = None, origin: Origin = False, as_json: AsJson = False) -> None:
    """Show every setting in force. They come from config.toml, then HANSA_… variables, then flags."""
    from hansa.entrypoints.config import load
    from hansa.entrypoints.origins import settings

    directory = home_directory(home)
    with _all_named(as_json):
        found = settings(directory)
    if as_json:
        values = load(directory).model_dump(mode="json")
        print_json({"settings": [one.view() for one in found]} if origin else values)
        return
    typer.echo(f"# {directory / 'config.toml'}", err=True)
    columns = ("setting", "value", "origin") if origin else ("setting", "value")
    table(columns, [(one.name, _as_written(one.value), one.origin)[: len(columns)] for one in found])


def _as_written(value: Any) -> str:
    """Returns a value as it stands in config.toml, but for the quotes of a text; a long list by its beginning."""
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= WIDEST or isinstance(value, str) else f"{text[:WIDEST]}…"


@config.command(epilog=epilog("hansa config check"))
def check(home: Home = None, as_json: AsJson = False) -> None:
    """Say whether the settings are valid; each that is not is named. Variables that set nothing are told."""
    from hansa.entrypoints.config import load
    from hansa.entrypoints.variables import strays

    directory = home_directory(home)
    if home and not directory.exists():
        raise NotFound(f"there is no {directory}: hansa init makes one, or name another with --home")
    with _all_named(as_json):
        found = strays(load(directory))
    if as_json:
        told = [one.view() for one in found]
        print_json({"ok": True, "file": str(directory / "config.toml"), "setting_nothing": told})
        return
    file = directory / "config.toml"
    say("the settings are valid" if file.exists() else f"the settings are valid; there is no {file}")
    for stray in found:
        say(f"! {stray}")


@contextlib.contextmanager
def _all_named(as_json: bool) -> Iterator[None]:
    """Names every setting that makes no sense, where more than one does."""
    from hansa.entrypoints.problems import BadSettings

    try:
        yield
    except BadSettings as error:
        if len(error.problems) == 1:
            raise
        for problem in () if as_json else error.problems:  # with --json they are in the error
            say(f"! {problem}")
        raise BadSettings(error.problems, all_told=True) from None


@config.command(epilog=epilog("hansa config path"))
def path(home: Home = None, as_json: AsJson = False) -> None:
    """Print where config.toml lies, or would lie."""
    found = home_directory(home) / "config.toml"
    if as_json:
        print_json({"file": str(found), "exists": found.exists()})
    else:
        say(str(found))


@config.command(epilog=epilog("hansa config schema > hansa.schema.json"))
def schema(home: Home = None, as_json: AsJson = False) -> None:
    """Print the JSON Schema of config.toml, for editors and programs."""
    from hansa.entrypoints.config import Config

    made = Config.model_json_schema()
    if as_json:
        print_json(made)
    else:
        typer.echo(json.dumps(made, indent=2))
