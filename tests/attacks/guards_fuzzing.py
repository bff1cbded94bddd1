"""The guards that fuzzing, cases and the door's description asked for, in the form of `tests.attacks.guards`."""

from __future__ import annotations

from tests.attacks.guards import Guard

_FOUND = ("tests/attacks/test_012_fuzzing.py::test_what_was_found_once_is_answered_now",)
_DOOR = "tests/http/test_openapi.py::"

GUARDS_FUZZING: list[Guard] = [
    Guard(
        "identity/keys.py",
        'if int.from_bytes(signature[:KEY_BYTES], "little") & (_SIGN_BIT - 1) in _SMALL_ORDER_Y:',
        "if False:",
        (
            "tests/attacks/test_003_weak_keys.py::"
            "test_a_signature_with_an_r_of_small_order_is_refused_though_the_equation_holds",
            "tests/vectors/test_vectors.py::test_python_agrees_with_every_case",
        ),
    ),
    Guard("entrypoints/config.py", "except (ValueError, RecursionError)", "except tomllib.TOMLDecodeError", _FOUND),
    Guard(
        "skills/importing/skill_folder.py",
        "except (yaml.YAMLError, ValueError, OverflowError)",
        "except yaml.YAMLError",
        _FOUND,
    ),
    Guard(
        "entrypoints/http/openapi.py",
        'responses.pop("422", None)',
        "pass",
        (_DOOR + "test_every_route_of_the_description_says_what_it_answers",),
    ),
    Guard(
        "entrypoints/http/openapi.py",
        '("403", "404", "409", "410"',
        '("403", "404", "410"',
        (_DOOR + "test_an_answer_is_one_of_those_described",),
    ),
]
