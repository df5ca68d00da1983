"""What to type instead: the cure of a mistake can be pasted."""

from pathlib import Path

from tests.unit.language_films import read


def cures(folder: Path, keys: str) -> list[tuple[str, str, str]]:
    """(code, message, cure) of what is wrong with one shot of these keys."""
    loaded = read(folder, f"shots: [{{id: SH010, prompt: Ana, {keys}}}]\n")
    return [(each.code, each.message, each.hint) for each in loaded.errors]


def test_a_lock_names_a_take(tmp_path: Path) -> None:
    [(code, _, cure)] = cures(tmp_path, "lock: 2")
    assert (code, cure) == ("SB103", "write t02")


def test_a_number_too_long_for_yaml_is_too_large_and_no_text(tmp_path: Path) -> None:
    [(code, message, _)] = cures(tmp_path, "seed: 99999999999999999999")
    assert code == "SB106"
    assert "at most 4294967295" in message


def test_two_kinds_of_transition_are_one_mistake(tmp_path: Path) -> None:
    [(code, message, cure)] = cures(tmp_path, "transition: {dissolve: 1, fade: 1}")
    assert code == "SB110"
    assert "only one can stand" in message
    assert cure == "keep one of them"
