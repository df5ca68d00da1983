"""What to type instead: the cure of a mistake can be pasted."""

from pathlib import Path

import pytest

from storyboard.transitions.registry import load_transitions
from tests.unit.language_films import load_text


def list_cures(folder: Path, keys: str) -> list[tuple[str, str, str]]:
    """(code, message, cure) of what is wrong with one shot of these keys."""
    loaded = load_text(folder, f"shots: [{{id: SH010, prompt: Ana, {keys}}}]\n")
    return [(each.code, each.message, each.hint) for each in loaded.errors]


def test_a_lock_names_a_take(tmp_path: Path) -> None:
    [(code, _, cure)] = list_cures(tmp_path, "lock: 2")
    assert (code, cure) == ("SB103", "write t02")


def test_a_number_too_long_for_yaml_is_too_large_and_no_text(tmp_path: Path) -> None:
    [(code, message, _)] = list_cures(tmp_path, "seed: 99999999999999999999")
    assert code == "SB106"
    assert "at most 4294967295" in message


def test_two_kinds_of_transition_are_one_mistake(tmp_path: Path) -> None:
    [(code, message, cure)] = list_cures(tmp_path, "transition: {dissolve: 1, fade: 1}")
    assert code == "SB110"
    assert "can have only one of" in message
    assert cure == "keep one of them"


def test_a_transition_of_no_known_kind_is_told_the_kinds(tmp_path: Path) -> None:
    kinds = list(load_transitions())
    [(code, message, cure)] = list_cures(tmp_path, "transition: {align: end}")
    assert (code, message) == ("SB102", "this transition has no kind")
    assert all(f"`{kind}`" in cure for kind in kinds)
    [(code, message, cure)] = list_cures(tmp_path, "transition: {wip: 1}")
    assert (code, message, cure) == ("SB101", "unknown key `wip`", "did you mean `wipe`?")
    [(code, message, cure)] = list_cures(tmp_path, "transition: {explode: 1}")
    assert (code, message) == ("SB101", "unknown key `explode`")
    assert all(kind in cure for kind in kinds)


def test_a_fade_says_what_has_no_effect_on_it(tmp_path: Path) -> None:
    [(code, message, cure)] = list_cures(tmp_path, "transition: {fade: 1, align: end}")
    assert code == "SB111"
    assert "`align` has no effect" in message
    assert cure == "add `through`, or delete `align`"
    for color in ("from", "through"):
        [(code, message, cure)] = list_cures(
            tmp_path, f"transition: {{fade: 1, {color}: red, frames: hold}}"
        )
        assert code == "SB101"
        assert "`frames`" in message
        assert cure == "delete `frames`: a fade uses no frames of the neighbouring shots"
    assert not list_cures(tmp_path, "transition: {fade: 1, through: black, align: end}")


@pytest.mark.parametrize("align", ["start", "center", "auto"])
def test_a_held_frame_is_not_aligned(tmp_path: Path, align: str) -> None:
    held = f"transition: {{dissolve: 1, frames: hold, align: {align}}}"
    [(code, message, cure)] = list_cures(tmp_path, held)
    assert (code, cure) == ("SB111", "delete `align`")
    assert "`align` has no effect" in message
    assert not list_cures(tmp_path, "transition: {dissolve: 1, frames: hold}")


@pytest.mark.parametrize(
    ("written", "number"),
    [("010", "10"), ('"5"', "5"), ("00.5", "0.5"), ('"0.25"', "0.25")],
)
def test_a_time_is_a_number_and_no_text_that_looks_like_one(
    tmp_path: Path, written: str, number: str
) -> None:
    for key in ("length", "handles"):
        [(code, _, cure)] = list_cures(tmp_path, f"{key}: {written}")
        assert (code, cure) == ("SB105", f"write a bare number: {number}")
    [(_, _, cure)] = list_cures(tmp_path, 'trim: {end: "-05"}')
    assert cure == "write a bare number: -5"
    [(code, _, cure)] = list_cures(tmp_path, 'takes: "02"')
    assert (code, cure) == ("SB103", "write a bare number: 2")


def test_frames_are_a_text(tmp_path: Path) -> None:
    assert not list_cures(tmp_path, 'length: 48f, handles: "12f", trim: {start: 6f, end: "-6f"}')


def test_a_profile_with_a_mistake_is_not_also_said_to_be_missing(tmp_path: Path) -> None:
    def list_codes_with(profiles: str) -> list[str]:
        text = f"profiles: {profiles}\nshots: [{{id: SH010, prompt: Ana}}]\n"
        return [each.code for each in load_text(tmp_path, text, profile="draft").errors]

    assert list_codes_with("{draft: {defaults: {takse: 2}}}") == ["SB101"]
    assert list_codes_with("{draft: {defalts: {takes: 2}}}") == ["SB101"]
    assert list_codes_with("{draft: fast}") == ["SB103"]
    assert list_codes_with("{draft: }") == ["SB209"]
    assert list_codes_with("{social: {}}") == ["SB209"]


@pytest.mark.parametrize(
    ("effect", "told"),
    [
        ("Crop: {x1: 100, x2: 50}", "`x2` is not greater than `x1`"),
        ("Crop: {x_center: 10, width: 101}", "starts 40.5 pixels outside the picture"),
        ("Crop: {y2: 10, height: 30}", "starts 20 pixels outside the picture"),
        ("Crop: {y_center: 10}", "`y_center` needs `height`"),
        ("Crop: {x1: 10, width: 0}", "at least 1"),
        ("Resize: {width: 0}", "at least 1"),
        ("Scroll: {w: 0, h: 0}", "at least 1"),
        ("Blink: {duration_on: 0, duration_off: 0}", "both 0"),
        ("AccelDecel: {abruptness: -5}", "below -1"),
        ("MultiplyVolume: {factor: 1.0e+300}", "at most 10000"),
    ],
)
def test_what_an_effect_can_never_do_is_refused_before_anything_runs(
    tmp_path: Path, effect: str, told: str
) -> None:
    found = list_cures(tmp_path, f"effects: [{{{effect}}}]")
    assert {code for code, _, _ in found} == {"SB117"}
    assert told in found[0][1]


@pytest.mark.parametrize(
    "effect",
    ["x1: 10, width: 30", "x2: 40, width: 30", "x_center: 60, width: 101", "y1: 5", "x2: 50"],
)
def test_a_crop_inside_the_picture_is_taken(tmp_path: Path, effect: str) -> None:
    assert not list_cures(tmp_path, f"effects: [{{Crop: {{{effect}}}}}]")


def test_a_trim_below_the_length_is_valid_if_effects_extend_it(
    tmp_path: Path,
) -> None:
    slow = "length: 3, trim: {start: 1, end: 3}, effects: [{MultiplySpeed: {factor: %s}}]"
    assert not list_cures(tmp_path, slow % 0.5)
    [(code, message, _)] = list_cures(tmp_path, slow % 0.8)
    assert code == "SB304"
    assert "leaves 2 s, which the effects turn into 2.5 s" in message


@pytest.mark.parametrize(
    "keys",
    [
        "shots: [{id: A, color: black, length: 1, sound: [{file: a.wav}]}]",
        "shots: [{id: A, color: black, length: 1, ambience: {file: a.wav}}]",
        "shots: [{id: A, color: black, length: 1}]\nsound: {music: [{file: a.wav}]}",
    ],
)
def test_a_sound_of_no_length_is_refused_wherever_it_stands(tmp_path: Path, keys: str) -> None:
    head = b"fmt \x10\0\0\0" + bytes(16) + b"LIST\3\0\0\0abc\0" + b"data"
    for size, samples, refused in (
        (0, b"", True),
        (0xFFFFFFFF, b"", True),
        (0, bytes(8), False),
        (8, bytes(8), False),
    ):
        body = b"RIFF\0\0\0\0WAVE" + head + size.to_bytes(4, "little") + samples
        (tmp_path / "a.wav").write_bytes(body)
        loaded = load_text(tmp_path, f"{keys}\n")
        assert [each.code for each in loaded.errors] == ["SB505"] * refused
        assert not refused or "an empty WAV file" in loaded.errors[0].message
