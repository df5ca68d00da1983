"""Checks a film, prices it, rehearses it free with previz, and picks a take: `rehearse.py FILM`."""

import sys
from pathlib import Path

import storyboard


def show_event(event: storyboard.Event) -> None:
    """A line for each take that is made; every event of a run comes by here."""
    match event:
        case storyboard.TakeAdded(step=step, take=take, frames=frames):
            print(f"  {step} {take}: {frames} frames")
        case storyboard.StepFailed(step=step, message=message, hint=hint):
            print(f"  {step} failed: {message} ({hint})")
        case _:
            pass


def rehearse(path: Path, out: Path) -> None:
    film = storyboard.check_film(path)
    print(storyboard.format_diagnostics(film), end="")
    plan = storyboard.plan_film(film)  # raises InvalidStoryboard for a film with errors
    print(f"{len(plan.nodes)} steps, at most ${plan.cost_micros / 1_000_000:.2f}")

    rehearsal = storyboard.load(film, previz=True, proxy=True)
    result = storyboard.render(rehearsal, out=out, on_event=show_event)
    print(f"film: {result.film}, {result.result.made} takes made")

    first = storyboard.list_takes(rehearsal)[0]
    storyboard.pick_take(rehearsal, first.step.id, first.take.name)
    for take in storyboard.list_takes(rehearsal):
        mark = "picked" if take.is_picked else "plays" if take.plays else ""
        print(f"{take.step.id} {take.take.name} by {take.take.provider} {mark}")
    for played in storyboard.read_provenance(out)["ranges"]:
        print(f"frames {played['from']}-{played['to']}: {played['shot']} {played.get('take', '')}")


if __name__ == "__main__":
    try:
        rehearse(Path(sys.argv[1]), Path("rehearsal.mp4"))
    except storyboard.StoryboardError as error:
        sys.exit(f"error: {error}\n{error.hint}")
