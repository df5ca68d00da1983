"""The resolved film: a storyboard again, and each value's origin."""

from dataclasses import replace
from pathlib import Path

from storyboard.language import load, to_storyboard_data, to_storyboard_yaml
from storyboard.language.show import to_yaml_time
from storyboard.model.film import Film
from storyboard.timecode import Rate
from tests.unit.language_films import build_film

TEXT = """
title: "No: a film"
author: A. Director
length: 30
format: {aspect_ratio: 9:16, resolution: 1080p, fps: 23.976}
defaults: {provider: vertex, model: veo-3.1-fast, handles: 0.5, negative_prompt: watermark}
look: 35mm
cast:
  ana: {image: ana.png, description: "Ana, 40"}
  quay: {kind: place, still: "the quay, empty", voice: Kore}
shots:
  - sequence: SQ01
    scene: EXT. QUAY - NIGHT
    cast: [ana]
    shots:
      - {id: A, prompt: "yes", length: 5, size: MCU, lens: 65, camera: [{static: 1}, pan]}
      - {id: B, like: A, prompt: "# not a comment", trim: {start: 12f, end: -0.5},
         transition: {dissolve: 0.5},
         dialogue: [{ana: "(dry) It's 5.", at: 1}, {ana: No., off: true}]}
  - {id: C, extend: B, options: {person_generation: none}, seed: 7, references: [ana]}
  - {id: D, first_frame: B@30f, last_frame: A.in, prompt: d, audio_lag: 1, match: A.last}
  - {id: E, clip: a.mp4, sound: [gulls, {file: a.wav, at: 1}], ambience: {make: rain}, mute: true,
     transition: {dissolve: 1, frames: hold}}
  - {id: E2, clip: a.mp4, transition: {slide: 1, from: bottom, frames: overlap}}
  - {id: F, first_frame: {still: Ana waits, cast: [ana]}, prompt: f, omit: true, lock: t02}
  - {card: 'THE "END"', length: 3,
     narration: [{at: 1, ana: Gone.}, {write: "one word, dry", how: low}],
     transition_out: {fade: 1, to: white}}
titles: [{at: A+1, text: Havana, length: 2, style: lower-third}]
sound:
  music: [{file: a.wav, from: B-0.5, fade_in: 1, duck_db: 9}]
  narration: [{at: B+12f, ana: She left.}, {at: end-1, write: a line, voice: ana, off: true}]
  loudness: broadcast
subtitles: sidecar
policy: {budget_usd: 60.25, on_pick: wait}
providers: {vertex: {project: my-project}}
"""
MEDIA = ("ana.png", "a.mp4", "a.wav")


def test_what_is_shown_is_a_storyboard_of_the_same_film(tmp_path: Path) -> None:
    made = build_film(tmp_path, TEXT, *MEDIA)
    for origins in (False, True):
        (tmp_path / "again.yaml").write_text(to_storyboard_yaml(made, origins), encoding="utf-8")
        loaded = load(tmp_path / "again.yaml")
        assert not loaded.errors, loaded.errors
        assert loaded.film is not None
        assert _flatten_film(loaded.film) == _flatten_film(made)


def test_origins_name_layer_and_line(tmp_path: Path) -> None:
    lines = to_storyboard_yaml(build_film(tmp_path, TEXT, *MEDIA), origins=True).splitlines()
    b = lines[lines.index(next(line for line in lines if "- id: B" in line)) :]
    shown = {line.split(":")[0].strip(): line for line in b}
    origin_texts = {key: line.rpartition("  # ")[2] for key, line in reversed(list(shown.items()))}
    assert origin_texts["size"].startswith("like A, ")
    assert origin_texts["size"].endswith("film.yaml:17")
    assert origin_texts["scene"].startswith("like A, ")
    assert next(line for line in b if " takes:" in line).endswith("# default")
    assert next(line for line in b if " model:" in line).endswith("film.yaml:7")
    assert "# from scene" in next(line for line in b if " time:" in line)


def test_the_format_and_the_cast_of_another_file_are_no_defaults(tmp_path: Path) -> None:
    (tmp_path / "cast.yaml").write_text("\nana: {description: Ana}\n")
    text = """
        format: {resolution: 1080p}
        cast: {include: cast.yaml, ben: {description: Ben}}
        profiles: {social: {format: {aspect_ratio: 9:16}}}
        shots: [{id: A, prompt: a}]
        """
    lines = to_storyboard_yaml(build_film(tmp_path, text, profile="social"), True).splitlines()

    def find_origin(key: str) -> str:
        line = next(line for line in reversed(lines) if line.lstrip(" -").startswith(f"{key}:"))
        return line.rpartition("  # ")[2]

    assert find_origin("resolution").startswith("format of film, ")
    assert find_origin("resolution").endswith("film.yaml:3")
    assert find_origin("aspect_ratio").startswith("format of profile social, ")
    assert find_origin("ana").startswith("include ")
    assert find_origin("ana").endswith("cast.yaml:2")
    assert find_origin("ben").startswith("film, ")
    assert find_origin("takes") == "default"


def test_defaults_are_filled_in_and_paths_lie_under_the_root(tmp_path: Path) -> None:
    data = to_storyboard_data(build_film(tmp_path, TEXT, *MEDIA))
    a = data["shots"][0]
    assert (a["takes"], a["audio"], a["references"], a["look"]) == (1, True, "auto", "35mm")
    assert data["cast"]["ana"]["images"] == ["ana.png"]
    assert data["policy"]["on_limit"] == "error"
    assert data["format"]["fps"] == "24000/1001"


def test_seconds_are_shown_where_they_are_exact() -> None:
    rate = Rate.parse(24)
    assert [to_yaml_time(frames, rate) for frames in (0, 12, 24, 1, -6)] == [0, 0.5, 1, "1f", -0.25]


def _flatten_film(film: Film) -> Film:
    """The film without what a flat list of shots can't say: blocks, and the file's own name."""
    shots = tuple(
        replace(
            shot,
            sequences=(),
            ambience=shot.ambience and replace(shot.ambience, scope=""),
            look=shot.look if not shot.clip and not shot.card else "",
            negative_prompt=shot.negative_prompt if not shot.clip and not shot.card else "",
            **({"provider": "", "model": "", "handles": 0} if shot.clip or shot.card else {}),
        )
        for shot in film.shots
    )
    return replace(film, path=Path(), shots=shots, texts=())


def test_a_default_transition_is_not_shown_on_the_shot_that_opens_the_film(tmp_path: Path) -> None:
    shots = [
        "{id: A, prompt: a, omit: true}",
        "{id: B, prompt: b}",
        "{id: C, prompt: c, transition: cut}",
        "{id: D, prompt: d}",
    ]
    film = tmp_path / "film.yaml"
    film.write_text(
        "storyboard: 1\ndefaults: {transition: {dissolve: 0.5}}\nshots:\n"
        + "".join(f"  - {shot}\n" for shot in shots)
    )
    checked = load(film)
    assert checked.film is not None
    shown = to_storyboard_data(checked.film)["shots"]
    assert [shot["id"] for shot in shown if "transition" in shot] == ["A", "C", "D"]
