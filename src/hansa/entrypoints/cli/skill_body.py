"""What a skill says and what was found of it, as `hansa skill show` prints it."""

from __future__ import annotations

from typing import Any

from hansa.entrypoints.cli.show import hanging, moment, percent, say, say_quoted, short


def show_body(value: dict[str, Any]) -> None:
    """Prints all of a skill but its id, its intent and where it comes from."""
    say(f"{value['state']} · {value['evidence']} {value['evidence_meaning']} · {value['license'] or 'no licence'}")
    score = f"score {percent(value['verification_score'])}, confidence {value['confidence']:.3f}"
    say(f"{score} ({value['trials']} trials, {value['harness'] or 'not proved here'}); refuted {value['refutations']}x")
    if gone := value["taken_back"]:
        hanging(
            "recalled: " if gone["recalled"] else "taken back: ",
            f"{gone['why'] or 'no reason given'} ({moment(gone['at'])}); kept, and used no more",
        )
    for step in value["reasoning_path"]:
        hanging(f"  {step['step']}. ", step["action"])
    result = value["result"]
    say(f"result ({result['media_type']}{', ' + result['entry_point'] if result['entry_point'] else ''}):")
    say_quoted(result["text"])
    for file in result["files"]:
        say(f"  {file['path']} ({file['size']} bytes, {short(file['digest'])})")
    for check in value["checks"]:
        if check["kind"] == "cases":
            for case in check["cases"]:
                say(f"  case {case['args']} => {case['expect']}")
        else:
            say_quoted(check["code"])
    rated = value["rating"]
    if rated["held"] or rated["failed"]:
        say(f"rating: held for {rated['held']}, failed for {rated['failed']}, of whom this node listens to")
    for one in value["findings"]:
        what = " ".join(filter(None, (one["outcome"], one["reason"], f"{one['successes']}/{one['trials']}")))
        hanging(f"  {moment(one['at'])} ", f"{what} by {one['prover']}")
    for one in value["receipts"]:
        hanging(f"  ledger #{one['number']} ", f"{one['dealing']}, said of {one['subject']}")
