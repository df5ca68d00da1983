"""`storyboard new`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from storyboard.cli import console, options
from storyboard.errors import UsageError

_FILM = """\
# yaml-language-server: $schema=storyboard.schema.json
# $schema: storyboard.schema.json
storyboard: 1
title: {title}
format: {{aspect_ratio: 16:9, resolution: 720p, fps: 24}}
look: 35mm, soft morning light, muted colours

cast:
  mira: {{description: "Mira, 30, red coat, dark hair", voice: alto}}

shots:
  - id: SH010
    prompt: A fishing harbour, boats rock on the water
    size: EWS
    scene: EXT. HARBOUR - DAWN
    camera: slow pan right
    length: 5
  - id: SH020
    prompt: Mira walks along the quay, looking out to sea
    cast: [mira]
    size: WS
    scene: EXT. HARBOUR - DAWN
    camera: truck right
    length: 5
    transition: dissolve
  - id: SH030
    prompt: Mira stops and smiles
    cast: [mira]
    size: MCU
    scene: EXT. HARBOUR - DAWN
    camera: slow dolly in
    length: 4
    dialogue: {{mira: There you are., at: 1}}
  - {{card: {title}, length: 3, transition: {{fade: 0.5}}, transition_out: {{fade: 1}}}}

sound:
  loudness: web
"""

_MAKEFILE = """\
# `make` renders the film if one of its files has changed; `make previz` rehearses it free.
.DELETE_ON_ERROR:
.PHONY: all check plan previz
STORYBOARD ?= storyboard
FILM := film.yaml

all: build/$(FILM:.yaml=.mp4)

build/%.mp4: %.yaml
\t$(STORYBOARD) render $< -o $@ --deps build/$*.d

check: ; $(STORYBOARD) check $(FILM)
plan: ; $(STORYBOARD) plan $(FILM)
previz: ; $(STORYBOARD) render $(FILM) --previz -o build/$(FILM:.yaml=.previz.mp4)

-include $(wildcard build/*.d)
"""

_IGNORE = "build/\n.storyboard/\n"


@click.command(
    "new",
    epilog=options.format_examples(
        "new my-film", "new my-film && cd my-film && storyboard render film.yaml"
    ),
)
@click.argument("folder", metavar="DIR", type=options.FILM)
@options.add_output_options
def command(folder: Path, as_json: bool, quiet: bool, verbose: bool) -> int:
    """Write a small film into DIR, with a Makefile and the schema, and print its path.

    Never overwrites a file.
    """
    from storyboard.language import load_schema, to_editor_schema
    from storyboard.providers.registry import add_provider_settings
    from storyboard.util.atomic_files import write_text

    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file, not a folder", hint="name a folder")
    film = folder / "film.yaml"
    if film.exists():
        raise UsageError(f"{film} already exists", hint="name another folder, or edit that film")
    title = " ".join(folder.resolve().name.replace("-", " ").replace("_", " ").split()).title()
    schema = to_editor_schema(add_provider_settings(load_schema()))
    texts = {
        "film.yaml": _FILM.format(title=json.dumps(title or "Untitled", ensure_ascii=False)),
        "Makefile": _MAKEFILE,
        ".gitignore": _IGNORE,
        "storyboard.schema.json": json.dumps(schema, ensure_ascii=False, indent=1) + "\n",
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "refs").mkdir(exist_ok=True)
    for name, text in texts.items():
        path = folder / name
        if not path.exists():
            write_text(path, text)
    if as_json:
        console.print_json({"film": str(film)})
    else:
        console.print_result(str(film))
        if not quiet:
            console.print_status(f"next: cd {folder} && storyboard render film.yaml")
    return 0
