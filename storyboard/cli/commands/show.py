"""`storyboard show`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from storyboard.cli import console, options


@click.command(
    "show",
    epilog=options.format_examples(
        "show film.yaml --origin",
        "show film.yaml --prompts",
        "show --schema > storyboard.schema.json",
    ),
)
@click.argument("film", type=options.FILM, required=False)
@click.option("--origin", is_flag=True, help="Print where each value comes from.")
@click.option("--prompts", is_flag=True, help="Print the prompts as they are sent.")
@click.option("--schema", is_flag=True, help="Print the JSON schema of the storyboard file.")
@options.add_override_options
@options.add_output_options
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
    """Print FILM with everything resolved: defaults, `like` and profiles are applied."""
    if schema:
        from storyboard.language import load_schema, to_editor_schema
        from storyboard.providers.registry import add_provider_settings

        schema_document = to_editor_schema(add_provider_settings(load_schema()))
        console.print_result(json.dumps(schema_document, ensure_ascii=False, indent=2))
        return 0
    if film is None:
        raise click.UsageError("name a FILM, or use --schema")
    from storyboard.language import to_storyboard_data, to_storyboard_yaml
    from storyboard.pipeline.session import check_film

    checked_film = check_film(film, options.pop_overrides(overlay))
    graph = checked_film.require_graph()
    if prompts:
        prompt_records = [
            {"step": s.id, "kind": s.kind.value, "model": s.model, "prompt": s.prompt}
            for s in graph.steps.values()
            if s.prompt
        ]
        if as_json:
            console.print_json({"prompts": prompt_records})
        else:
            blocks = [
                f"{record['step']} ({record['kind']}): {record['prompt']}"
                for record in prompt_records
            ]
            console.print_result("\n\n".join(blocks))
    elif as_json:
        console.print_json({"film": to_storyboard_data(graph.film)})
    else:
        console.print_result(to_storyboard_yaml(graph.film, origins=origin).rstrip("\n"))
    if verbose and checked_film.diagnostics:
        console.print_status(
            console.format_diagnostics(checked_film.diagnostics, checked_film.texts).rstrip("\n")
        )
    return 0
