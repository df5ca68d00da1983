"""`storyboard show`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from storyboard.cli import options, view


@click.command("show")
@click.argument("film", type=options.FILM, required=False)
@click.option("--origin", is_flag=True, help="Say where each value comes from.")
@click.option("--prompts", is_flag=True, help="The prompts as they will be sent.")
@click.option("--schema", is_flag=True, help="The JSON schema of the storyboard file.")
@options.overlay
@options.speech
def command(
    film: Path | None,
    origin: bool,
    prompts: bool,
    schema: bool,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    **overlay: object,
) -> int:
    """Print FILM with everything resolved: defaults filled, `like` and profiles applied."""
    if schema:
        from storyboard.language import schema as shipped

        view.answer(json.dumps(shipped(), ensure_ascii=False, indent=2))
        return 0
    if film is None:
        raise click.UsageError("name a FILM, or ask for --schema")
    from storyboard.language import resolved, resolved_yaml
    from storyboard.production import examine

    examined = examine(film, options.flags_of(overlay))
    graph = examined.checked()
    if prompts:
        sent = [
            {"step": s.id, "kind": s.kind.value, "model": s.model, "prompt": s.prompt}
            for s in graph.steps.values()
            if s.prompt
        ]
        if as_json:
            view.answer_json({"prompts": sent})
        else:
            blocks = [f"{each['step']} ({each['kind']}): {each['prompt']}" for each in sent]
            view.answer("\n\n".join(blocks))
    elif as_json:
        view.answer_json({"film": resolved(graph.film)})
    else:
        view.answer(resolved_yaml(graph.film, origins=origin).rstrip("\n"))
    if verbose and examined.diagnostics:
        view.say(view.drawn(examined.diagnostics, examined.texts).rstrip("\n"))
    return 0
