"""From text to Film: layers, like, includes, profiles, and what each key becomes."""

import pickle
from fractions import Fraction
from pathlib import Path

import pytest

from storyboard.language import load
from storyboard.model.film import (
    CUT,
    Align,
    Anchor,
    Beat,
    CastKind,
    FrameEdge,
    FramesFrom,
    Line,
    References,
    Trim,
    ValueSource,
)
from tests.unit.language_films import build_film, list_codes, load_text

ONE = "shots: [{id: SH010, prompt: Ana reads}]\n"


def test_absent_keys_mean_what_the_language_says(tmp_path: Path) -> None:
    film = build_film(tmp_path, ONE)
    [shot] = film.shots
    assert (shot.provider, shot.model, shot.target) == ("previz", "veo-3.1", "")
    assert (shot.resolution, shot.aspect_ratio, shot.handles, shot.takes) == ("720p", "16:9", 0, 1)
    assert shot.audio
    assert shot.references is References.AUTO
    assert shot.transition == CUT
    assert (film.delivery.size, film.delivery.rate.value) == ((1280, 720), 24)
    assert (film.subtitles, film.loudness.lufs, film.loudness.true_peak_db) == ("none", -14, -1)
    policy = film.policy
    assert (policy.on_limit, policy.on_filtered, policy.on_failed) == ("error", "fail", "fail")
    assert (policy.on_expired, policy.on_pick, policy.budget_usd) == ("error", "first", None)
    assert film.root == tmp_path.resolve()


def test_the_stronger_layer_wins(tmp_path: Path) -> None:
    (tmp_path / "act2.yaml").write_text(
        "defaults: {model: included, seed: 4}\n"
        "shots:\n"
        "  - {id: SH300, prompt: a}\n"
        "  - {sequence: SQ03, model: from-sequence, shots: [{id: SH310, prompt: a}]}\n"
    )
    film = build_film(
        tmp_path,
        """
        defaults: {model: from-defaults, takes: 2, seed: 1}
        profiles: {draft: {defaults: {model: from-profile}}}
        shots:
          - {id: SH010, prompt: a}
          - {id: SH020, prompt: a, model: own}
          - {sequence: SQ01, model: from-sequence, shots: [{id: SH030, prompt: a}]}
          - include: act2.yaml
        """,
        profile="draft",
    )
    models = {shot.id: shot.model for shot in film.shots}
    assert models == {
        "SH010": "from-profile",
        "SH020": "own",
        "SH030": "from-sequence",
        "SH300": "included",
        "SH310": "from-sequence",
    }
    layers = {shot.id: shot.origins["model"].layer for shot in film.shots}
    assert layers["SH010"] is ValueSource.PROFILE
    assert layers["SH030"] is ValueSource.SEQUENCE
    assert layers["SH300"] is ValueSource.INCLUDE
    assert film.find_shot("SH010").origins["takes"].layer is ValueSource.DEFAULTS
    assert [shot.seed for shot in film.shots] == [1, 1, 1, 4, 4]
    assert film.find_shot("SH020").is_stated_by_shot("model")
    assert not film.find_shot("SH020").is_stated_by_shot("takes")
    assert film.profile == "draft"


def test_looks_and_negative_prompts_add_up_from_outside_in(tmp_path: Path) -> None:
    film = build_film(
        tmp_path,
        """
        look: 35mm
        defaults: {negative_prompt: watermark}
        profiles: {noir: {look: black and white}}
        shots:
          - sequence: SQ01
            look: one lamp
            negative_prompt: cars
            shots: [{id: SH010, prompt: a, look: her face in shadow}]
          - {id: SH020, prompt: a}
        """,
        profile="noir",
    )
    first, second = film.shots
    assert first.look == "35mm, black and white, one lamp, her face in shadow"
    assert first.negative_prompt == "watermark, cars"
    assert second.look == "35mm, black and white"


def test_like_takes_over_the_picture_and_nothing_else(tmp_path: Path) -> None:
    film = build_film(
        tmp_path,
        """
        cast: {ana: {}, ben: {}, kitchen: {kind: place}}
        shots:
          - sequence: SQ01
            place: kitchen
            size: wide
            shots:
              - {id: SH010, prompt: a, size: MCU, cast: [ana], length: 3, seed: 5, model: fine,
                 trim: {start: 1}, transition: dissolve, dialogue: [{ana: Hello there.}]}
          - {id: SH020, prompt: b, like: SH010, cast: [ben]}
          - {id: SH030, prompt: c, like: SH020}
        """,
    )
    second, third = film.shots[1:]
    assert (second.size, second.place, second.cast, second.model) == (
        "MCU",
        "kitchen",
        ("ben",),
        "fine",
    )
    assert (second.length, second.seed, second.trim, second.transition) == (None, None, Trim(), CUT)
    assert second.dialogue == ()
    assert (third.size, third.cast) == ("MCU", ("ben",))
    assert second.origins["size"].layer is ValueSource.LIKE
    assert second.find_span("place").line == second.origins["place"].value.line == 6


def test_a_slug_line_sets_place_and_time_where_nothing_nearer_does(tmp_path: Path) -> None:
    film = build_film(
        tmp_path,
        """
        cast: {kitchen: {kind: place}, market_hall: {kind: place}}
        shots:
          - sequence: SQ01
            scene: INT. KITCHEN - NIGHT
            shots:
              - {id: SH010, prompt: a}
              - {id: SH020, prompt: a, time: dawn}
              - {id: SH030, prompt: a, scene: EXT. MARKET HALL - DAY}
          - {id: SH040, prompt: a, scene: EXT. HARBOUR WALL - DUSK}
        """,
    )
    assert [(s.place, s.time) for s in film.shots] == [
        ("kitchen", "night"),
        ("kitchen", "dawn"),
        ("market_hall", "day"),
        ("harbour wall", "dusk"),
    ]


def test_the_place_of_a_sequence_stands_beside_its_slug_line(tmp_path: Path) -> None:
    text = """
        cast: {kitchen: {kind: place}, hall: {kind: place}, ana: {}}
        shots:
          - {sequence: A, scene: INT. HALL - DAY, place: kitchen, shots: [{id: SH010, prompt: a}]}
          - {id: SH020, prompt: a, cast: [hall, ana]}
        """
    first, second = build_film(tmp_path, text).shots
    assert (first.place, first.time) == ("kitchen", "day")
    assert (second.place, second.cast) == ("hall", ("ana",))


def test_dialogue_in_all_its_forms(tmp_path: Path) -> None:
    film = build_film(
        tmp_path,
        """
        cast: {ana: {}, ben: {}}
        shots:
          - id: SH010
            prompt: a
            dialogue:
              - ana: (softly) It came.
              - {ben: When?, at: 2.5, how: dry, off: true}
          - {id: SH020, prompt: a, dialogue: {ana: Tuesday., at: 12f}}
        """,
    )
    assert film.shots[0].dialogue == (
        Line("ana", "It came.", None, "softly"),
        Line("ben", "When?", 60, "dry", off=True),
    )
    assert film.shots[1].dialogue == (Line("ana", "Tuesday.", 12),)
    assert film.shots[1].find_span("dialogue[0].at").column == 58


def test_transitions_and_trims(tmp_path: Path) -> None:
    film = build_film(
        tmp_path,
        """
        shots:
          - {id: A, prompt: a, transition: {fade: 1, from: white}}
          - {id: B, prompt: a, transition: dissolve, trim: {start: 12f, end: -0.5}}
          - {id: C, prompt: a, transition: {wipe: 0.25, from: right, align: end, frames: overlap}}
          - {id: D, prompt: a, transition: {fade: 2, through: black}, transition_out: {fade: 1}}
        """,
    )
    a, b, c, d = (shot.transition for shot in film.shots)
    assert (a.kind, a.duration, a.color, a.through) == ("fade", 24, "white", False)
    assert (b.kind, b.duration) == ("dissolve", 12)
    assert film.shots[1].trim == Trim(12, -12)
    assert (c.arguments, c.align) == ({"direction": "right"}, Align.END)
    assert c.frames is FramesFrom.OVERLAP
    assert (d.through, d.color) == (True, "black")
    assert film.shots[3].transition_out.duration == 24


def test_frame_references_are_read_in_the_language_s_order(tmp_path: Path) -> None:
    film = build_film(
        tmp_path,
        """
        cast: {ana: {image: ana.png}}
        shots:
          - {id: A, prompt: a, first_frame: ana.png, last_frame: B.in}
          - {id: B, prompt: a, first_frame: ana}
          - {id: C, prompt: a, first_frame: A@3.5}
          - {id: D, prompt: a, first_frame: A@84f, match: B.last}
          - {id: E, prompt: a, first_frame: {still: Ana waits, cast: [ana]}}
          - {id: F, prompt: a, continue: A, last_frame: D.out}
        """,
        "ana.png",
    )
    a, b, c, d, e, f = film.shots
    assert a.first_frame
    assert a.first_frame.file
    assert a.first_frame.file.name == "ana.png"
    assert a.last_frame
    assert (a.last_frame.shot, a.last_frame.edge) == ("B", FrameEdge.IN)
    assert b.first_frame
    assert b.first_frame.cast == "ana"
    assert c.first_frame
    assert d.first_frame
    assert (c.first_frame.at, d.first_frame.at, d.first_frame.edge) == (84, 84, FrameEdge.AT)
    assert e.first_frame
    assert (e.first_frame.still, e.first_frame.still_cast) == ("Ana waits", ("ana",))
    assert f.continues == "A"


def test_a_long_take_and_a_camera_in_moves(tmp_path: Path) -> None:
    text = """
        shots:
          - id: SH010
            length: 22
            beats: [{at: 0, prompt: A tram}, {at: 8, prompt: It passes}]
            camera: [{static: 1}, slow dolly in]
            lens: 65
        """
    [shot] = build_film(tmp_path, text).shots
    assert shot.beats == (Beat(0, "A tram"), Beat(192, "It passes"))
    assert [(move.words, move.length) for move in shot.camera] == [
        ("static", 24),
        ("slow dolly in", 0),
    ]
    assert shot.lens == "65"


def test_defaults_of_length_and_duration_hold_for_takes_only(tmp_path: Path) -> None:
    film = build_film(
        tmp_path,
        """
        defaults: {duration: 8, length: 5}
        shots:
          - {id: A, prompt: a}
          - {id: B, extend: A}
          - {id: C, clip: A, trim: {start: 1}}
          - {card: THE END, length: 2}
        """,
    )
    assert [(s.length, s.duration) for s in film.shots] == [
        (120, None),
        (None, None),
        (None, None),
        (48, None),
    ]
    film = build_film(
        tmp_path,
        "defaults: {duration: 8}\nshots: [{id: A, prompt: a}, {id: B, prompt: b, length: 3}]",
    )
    assert [(s.length, s.duration) for s in film.shots] == [(None, 192), (72, None)]


def test_a_sequence_gives_its_length_to_all_of_its_shots(tmp_path: Path) -> None:
    film = build_film(
        tmp_path,
        """
        shots:
          - sequence: SQ01
            length: 4
            duration: 8
            prompt: The tram climbs
            light: a lamp
            shots:
              - {id: A}
              - {id: B, extend: A}
              - {id: C, clip: A}
              - {id: D, clip: A, length: 2}
              - {color: black}
              - {sequence: SQ02, length: 3, shots: [{card: THE END}, {card: FIN, length: 1}]}
        """,
    )
    assert [shot.length for shot in film.shots] == [96, 96, 96, 48, 96, 72, 24]
    assert {shot.duration for shot in film.shots} == {None}
    assert [shot.prompt for shot in film.shots[:3]] == ["The tram climbs", "The tram climbs", ""]
    assert {shot.light for shot in film.shots} == {"a lamp"}


def test_cards_and_colours_get_ids_that_clash_with_none(tmp_path: Path) -> None:
    film = build_film(
        tmp_path,
        """
        shots:
          - {card: ONE, length: 1}
          - {id: CARD2, prompt: a}
          - {card: TWO, length: 1}
          - {color: black, length: 1}
          - {id: END_CARD, card: THREE, length: 1}
        """,
    )
    assert [shot.id for shot in film.shots] == ["CARD1", "CARD2", "CARD3", "COLOR1", "END_CARD"]


def test_points_of_the_film(tmp_path: Path) -> None:
    film = build_film(
        tmp_path,
        """
        shots: [{id: SH010, prompt: a}, {id: SH010-1, prompt: b}, {id: SH010B, prompt: c}]
        titles:
          - {at: SH010+1, text: one, length: 1}
          - {at: SH010-1, text: the longest id wins, length: 1}
          - {at: SH010-2f, text: three, length: 1}
          - {at: SH010B, text: four, length: 1, style: lower-third}
          - {at: end-6, credits: [Ana, Ben], length: 6}
          - {at: 12.5, text: film seconds, length: 1}
        sound: {music: [{file: a.wav, from: SH010-1+0.5, to: SH010B, start: 12.5, gain_db: -12}]}
        """,
        "a.wav",
    )
    assert [cue.at for cue in film.titles] == [
        Anchor("SH010", 24),
        Anchor("SH010-1", 0),
        Anchor("SH010", -2),
        Anchor("SH010B", 0),
        Anchor("end", -144),
        Anchor("start", 300),
    ]
    [music] = film.music
    assert (music.begin, music.end, music.start) == (
        Anchor("SH010-1", 12),
        Anchor("SH010B"),
        Fraction(25, 2),
    )


def test_cast_of_another_file(tmp_path: Path) -> None:
    (tmp_path / "bible").mkdir()
    (tmp_path / "bible/cast.yaml").write_text("ana: {image: ana.png}\nquay: {kind: place}\n")
    (tmp_path / "act2.yaml").write_text(
        "cast: {include: bible/cast.yaml, cat: {kind: prop}}\n"
        "shots: [{id: SH200, prompt: a, cast: [ana, ben, cat]}]\n"
    )
    film = build_film(
        tmp_path,
        """
        cast: {include: bible/cast.yaml, ben: {}}
        shots: [{id: SH010, prompt: a, cast: [ana, ben], place: quay}, {include: act2.yaml}]
        """,
        "bible/ana.png",
    )
    assert film.cast["ana"].images[0].path == (tmp_path / "bible/ana.png").resolve()
    assert film.cast["quay"].kind is CastKind.PLACE
    assert [path.name for path in film.texts] == ["film.yaml", "cast.yaml", "act2.yaml"]


def test_the_cast_of_an_act_is_its_own(tmp_path: Path) -> None:
    (tmp_path / "act2.yaml").write_text(
        "cast: {cat: {}}\nshots: [{id: SH200, prompt: a, cast: [cat]}]\n"
    )
    text = "shots: [{include: act2.yaml}, {id: SH300, prompt: a, cast: [cat]}]"
    loaded = load_text(tmp_path, text)
    assert list_codes(loaded) == ["SB202"]
    assert loaded.diagnostics[0].related[0][0].file.endswith("act2.yaml")


def test_includes_go_eight_deep(tmp_path: Path) -> None:
    for depth in range(1, 10):
        inner = f"include: act{depth + 1}.yaml" if depth < 9 else "{id: DEEP, prompt: a}"
        (tmp_path / f"act{depth}.yaml").write_text(f"shots:\n  - {inner}\n")
    assert list_codes(
        load_text(tmp_path, "shots: [{include: act1.yaml}, {id: A, extend: DEEP}]")
    ) == ["SB211"]
    assert build_film(tmp_path, "shots: [{include: act2.yaml}]").shots[0].id == "DEEP"


def test_one_root_for_a_film_in_a_repository(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    folder = tmp_path / "films" / "letter"
    folder.mkdir(parents=True)
    text = "root: ../..\ncast: {ana: {image: ../../shared/ana.png}}\nshots: [{id: A, prompt: a}]"
    film = build_film(folder, text, "../../shared/ana.png")
    assert film.root == tmp_path.resolve()
    assert list_codes(load_text(folder, text.replace("../..\n", "../../..\n"))) == [
        "SB506",
        "SB503",
    ]


def test_flags_override_every_shot(tmp_path: Path) -> None:
    text = """
        defaults: {provider: vertex, resolution: 1080p}
        shots: [{id: A, prompt: a}, {id: B, prompt: b, provider: gemini, model: fine}]
        """
    plain = build_film(tmp_path, text)
    assert [(s.provider, s.target) for s in plain.shots] == [("vertex", ""), ("gemini", "")]
    assert not plain.rehearsal
    drawn = build_film(tmp_path, text, previz=True)
    assert [(s.provider, s.target) for s in drawn.shots] == [
        ("previz", "vertex"),
        ("previz", "gemini"),
    ]
    assert drawn.rehearsal
    assert not drawn.proxy
    assert drawn.shots[0].origins["provider"].layer is ValueSource.FLAG
    small = build_film(tmp_path, text, proxy=True)
    assert small.proxy
    assert small.rehearsal
    assert small.shots[0].resolution == "1080p"
    other = build_film(tmp_path, text, provider="cometapi", model="veo-3.1-fast", previz=True)
    assert {(s.provider, s.target, s.model) for s in other.shots} == {
        ("previz", "cometapi", "veo-3.1-fast")
    }
    aimed = build_film(tmp_path, "defaults: {target: gemini}\n" + ONE)
    assert (aimed.shots[0].provider, aimed.shots[0].target) == ("previz", "gemini")


def test_broken_shots_are_left_out_and_still_known(tmp_path: Path) -> None:
    loaded = load_text(
        tmp_path,
        """
        shots:
          - {id: A, promt: a}
          - {id: B, extend: A}
          - {id: C, prompt: c, like: A}
          - {id: D, prompt: d}
        titles: [{at: A+1, text: Havana, length: 1}]
        """,
    )
    assert list_codes(loaded) == ["SB101"]
    assert loaded.film is not None
    assert [shot.id for shot in loaded.film.shots] == ["B", "D"]
    assert loaded.broken == {"A", "C"}


def test_what_can_t_be_read_makes_no_second_mistake(tmp_path: Path) -> None:
    (tmp_path / "act2.yaml").write_text("shots: [")
    text = "shots: [{include: act2.yaml}, {id: A, extend: SH200}, {id: B, prompt: b, cast: [cat]}]"
    assert list_codes(load_text(tmp_path, text)) == ["SB008"]
    assert list_codes(
        load_text(tmp_path, "cast: {ana: {kind: persn}}\nshots: [{id: A, prompt: a, cast: [ana]}]")
    ) == ["SB104"]
    assert list_codes(
        load_text(tmp_path, "cast: [ana]\nshots: [{id: A, prompt: a, cast: [ana]}]")
    ) == ["SB103"]


def test_an_unknown_profile_is_named(tmp_path: Path) -> None:
    loaded = load_text(tmp_path, "profiles: {draft: {}}\n" + ONE, profile="darft")
    [found] = loaded.diagnostics
    assert (found.code, found.span.line, found.hint) == ("SB209", 2, "did you mean `draft`?")


@pytest.mark.parametrize("profiles", ["{draft: {shots: 3}}", "{draft: fast}"])
def test_a_profile_with_errors_is_still_the_one_that_was_meant(
    tmp_path: Path, profiles: str
) -> None:
    loaded = load_text(tmp_path, f"profiles: {profiles}\n" + ONE, profile="drft")
    hints = [each.hint for each in loaded.diagnostics if each.code == "SB209"]
    assert hints == ["did you mean `draft`?"]


def test_adapters_check_their_own_settings_and_options(tmp_path: Path) -> None:
    fragments = {
        "vertex": {
            "settings": {
                "type": "object",
                "properties": {"project": {"type": "string"}, "region": {"enum": ["us", "eu"]}},
                "additionalProperties": False,
            },
            "options": {
                "type": "object",
                "properties": {
                    "resize": {"type": "string", "oneOf": [{"const": "pad"}, {"const": "crop"}]}
                },
                "additionalProperties": False,
            },
        }
    }
    text = """
        defaults: {provider: vertex}
        providers: {vertex: {region: eu, projct: x}, studio: {anything: [1]}}
        shots:
          - {id: A, prompt: a, options: {resise: pad}}
          - {id: B, prompt: b, options: {resize: pad}}
        """
    loaded = load_text(tmp_path, text, fragments=fragments)
    assert [(d.code, d.span.line, d.span.column) for d in loaded.diagnostics] == [
        ("SB101", 4, 34),
        ("SB101", 6, 34),
    ]
    assert loaded.film is not None
    assert loaded.film.providers == {"vertex": {"region": "eu"}, "studio": {"anything": [1]}}
    assert [shot.id for shot in loaded.film.shots] == ["B"]
    assert list_codes(load_text(tmp_path, text, fragments=fragments, previz=True)) == [
        "SB101",
        "SB101",
    ]


def test_policy_money_is_exact(tmp_path: Path) -> None:
    film = build_film(
        tmp_path, "policy: {budget_usd: 60.10, retries: 3, on_filtered: hold}\n" + ONE
    )
    assert film.policy.budget_usd == Fraction("60.1")
    assert (film.policy.retries, film.policy.on_filtered) == (3, "hold")


@pytest.mark.parametrize(
    ("fps", "rate"),
    [
        ("23.976", Fraction(24000, 1001)),
        ("30000/1001", Fraction(30000, 1001)),
        ("25", Fraction(25)),
    ],
)
def test_frame_rates_are_exact(tmp_path: Path, fps: str, rate: Fraction) -> None:
    assert build_film(tmp_path, f"format: {{fps: {fps}}}\n{ONE}").delivery.rate.value == rate


def test_beds_know_their_scope(tmp_path: Path) -> None:
    film = build_film(
        tmp_path,
        """
        ambience: {make: city}
        shots:
          - {id: A, prompt: a}
          - sequence: SQ01
            ambience: {file: a.wav, gain_db: -30}
            shots: [{id: B, prompt: a}, {id: C, prompt: a, ambience: {make: rain}}]
        """,
        "a.wav",
    )
    scopes = [shot.ambience.scope for shot in film.shots if shot.ambience]
    assert scopes == ["film", "seq:SQ01", "shot:C"]


def test_the_pace_of_lines_counts_the_whole_take(tmp_path: Path) -> None:
    twelve = " ".join(["word"] * 12)
    line = f"dialogue: {{ana: {twelve}}}"
    cast = "cast: {ana: {}}\n"
    short = f"{cast}shots: [{{id: A, prompt: a, length: 3, {line}}}]"
    assert list_codes(load_text(tmp_path, short)) == ["SB308"]
    assert list_codes(load_text(tmp_path, short.replace("length: 3", "length: 5"))) == []
    assert (
        list_codes(load_text(tmp_path, short.replace("length: 3", "length: 3, duration: 8"))) == []
    )
    assert (
        list_codes(load_text(tmp_path, short.replace("length: 3", "length: 3, handles: 2"))) == []
    )
    two = (
        f"{cast}shots: [{{id: A, prompt: a, dialogue: [{{ana: {twelve}}}, {{ana: Yes., at: 2}}]}}]"
    )
    assert list_codes(load_text(tmp_path, two)) == ["SB309"]


def test_keys_are_never_shown(tmp_path: Path) -> None:
    secret = "AIzaSy" + "A1b2C3d4" * 5
    loaded = load_text(
        tmp_path,
        f"""
        title: {secret}
        providers: {{vertex: {{token: hunter2 is my password}}, gemini: {{api_key: [hunter2]}}}}
        profiles: {{x: {{providers: {{vertex: {{client_secret: hunter2}}}}}}}}
        shots: [{{id: A, prompt: 5, cast: {secret}}}]
        """,
    )
    assert list_codes(loaded).count("SB113") == 5
    shown_text = f"{loaded.diagnostics}{dict(loaded.texts)}{loaded.film}"
    assert "hunter2" not in shown_text
    assert secret not in shown_text


def test_a_film_goes_to_another_process_without_its_places(tmp_path: Path) -> None:
    film = build_film(tmp_path, ONE)
    assert pickle.loads(pickle.dumps(film.shots[0].origins)) == {}


def test_the_film_of_the_language_s_own_page(tmp_path: Path) -> None:
    """Every key of the language, with what isn't built yet taken out."""
    film = build_film(
        tmp_path,
        """
        title: The Letter
        author: A. Director
        credits: [Music by C.]
        length: 90
        format: {aspect_ratio: 16:9, resolution: 1080p, fps: 24}
        defaults: {provider: vertex, model: veo-3.1, resolution: 720p, handles: 0.5, seed: 1947}
        look: 35mm, tungsten practicals, deep shadow       # joined to every prompt
        cast:
          ana: {images: [ana-face.png, ana-full.png], description: "Ana, 40", voice: alto}
          kitchen: {kind: place, image: kitchen.png}
        shots:
          - sequence: SQ01
            scene: INT. KITCHEN - NIGHT
            cast: [ana]
            shots:
              - {id: SH010, prompt: Two-shot over the table, size: wide, length: 5}
              - {id: SH020, prompt: Ana doesn't look up, angle: over-the-shoulder, length: 3,
                 duration: 8, audio_lag: 1.5}
              - {id: SH040, clip: SH020, trim: {start: 4}, length: 3}
          - {id: SH070, extend: SH020, prompt: She walks out, lock: true, note: hold}
          - {id: SH080, continue: SH070, prompt: Gulls rise, options: {person_generation: none}}
          - {id: SH090, clip: dawn.mp4, sound: [gulls, {file: a.wav, at: 1, gain_db: -6}]}
          - {id: SH095, prompt: a, alternate: SH080, omit: true, references: none, mute: true}
        subtitles: sidecar
        sound: {loudness: broadcast}
        x-mine: {anything: [1, 2]}
        """,
        *("ana-face.png", "ana-full.png", "kitchen.png", "dawn.mp4", "a.wav"),
    )
    assert film.length == 2160
    assert [shot.id for shot in film.cut] == ["SH010", "SH020", "SH040", "SH070", "SH080", "SH090"]
    assert film.find_shot("SH010").sequences == ("SQ01",)
    assert film.find_shot("SH070").lock == "true"
    assert film.loudness.lufs == -23
    assert film.find_shot("SH090").sound[1].at == 24
    assert load(tmp_path / "film.yaml").broken == frozenset()
