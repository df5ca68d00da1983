"""The command group; a verb's module is imported when it is called."""

from __future__ import annotations

import gc
import io
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from storyboard._version import __version__
from storyboard.cli import console
from storyboard.errors import InvalidStoryboard, StoryboardError
from storyboard.printable import to_json_text
from storyboard.util.machine_errors import explain_machine_error

VERBS = {
    "new": ("storyboard.cli.commands.new", "Write a small film that you can render at once."),
    "check": ("storyboard.cli.commands.check", "Check a film and report all problems."),
    "show": ("storyboard.cli.commands.show", "Print a film with everything resolved."),
    "plan": ("storyboard.cli.commands.plan", "Show what a render would make, why, and its price."),
    "render": ("storyboard.cli.commands.render", "Make the missing takes and cut the film."),
    "takes": ("storyboard.cli.commands.takes", "List the takes of a film."),
    "pick": ("storyboard.cli.commands.pick", "Choose the take that plays."),
    "reject": ("storyboard.cli.commands.reject", "Reject a take."),
    "runs": (
        "storyboard.cli.commands.runs",
        "List the renders, their cost, and what is still open.",
    ),
    "resolve": (
        "storyboard.cli.commands.resolve",
        "Record the outcome of an unconfirmed submission.",
    ),
    "store": ("storyboard.cli.commands.store", "Manage stored takes."),
    "models": ("storyboard.cli.commands.models", "List the models, their limits and prices."),
    "simulate": (
        "storyboard.cli.commands.simulate",
        "Run a local simulator of the paid APIs.",
    ),
    "doctor": ("storyboard.cli.commands.doctor", "Check what this machine has installed."),
}
"""The verbs, in the order of a day's work: module and one line of help."""


class LazyGroup(click.Group):
    """Loads a verb's module only when the verb is used, so that `--help` stays light."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command = import_module(VERBS[cmd_name][0]).command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in VERBS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from storyboard.diagnostics.suggestions import suggest_name

            parts = (f"there is no command `{args[0]}`", suggest_name(args[0], VERBS))
            raise click.UsageError("; ".join(filter(None, parts)), ctx) from error


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="storyboard %(version)s")
def cli() -> None:
    """A film is a YAML file of shots: check it, price it, rehearse it free, shoot it paid."""


def run_command_line(arguments: Sequence[str]) -> int:
    """Runs one command line and returns the exit code; what a user got wrong is one message."""
    # A film is a great many values without cycles: looking for some so often costs a fifth.
    gc.set_threshold(100_000, 20, 20)
    try:
        code = cli.main(list(arguments), prog_name="storyboard", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except InvalidStoryboard as error:
        if "--json" in arguments:
            _print_json_answer(
                arguments, {"diagnostics": tuple(console.to_diagnostic_records(error.diagnostics))}
            )
        else:
            console.print_diagnostics(error)
        return error.exit_code
    except StoryboardError as error:
        return _report_failure(arguments, error.exit_code, str(error), error.hint)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else "", err=True)
        return 2
    except click.ClickException as error:
        words = io.StringIO()
        error.show(words)
        console.print_status(words.getvalue().rstrip("\n"))
        if "--json" in arguments:
            _print_json_answer(
                arguments, console.to_error_json(error.format_message(), "", error.exit_code)
            )
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130
    except (OSError, MemoryError, ImportError) as error:
        if problem := explain_machine_error(error, _describe_file(error)):
            return _report_failure(arguments, problem.exit_code, str(problem), problem.hint)
        if isinstance(error, OSError):
            subject = f"{error.strerror or error}: {_describe_file(error)}"
            hint = "check that it exists and that you may write to it"
            return _report_failure(arguments, 4, subject, hint)
        return _report_bug(arguments, error)
    except Exception as error:
        return _report_bug(arguments, error)


def _describe_file(error: BaseException) -> str:
    return str(getattr(error, "filename", None) or "the command could not go on")


def _report_bug(arguments: Sequence[str], error: BaseException) -> int:
    console.print_status("".join(traceback.format_exception(error)).rstrip())
    message = f"internal error (a bug in storyboard): {type(error).__name__}: {error}"
    return _report_failure(arguments, 3, message, "please report it; submitted jobs are kept")


def _report_failure(arguments: Sequence[str], code: int, message: str, hint: str) -> int:
    """Says what went wrong, in JSON too where the answer was to be JSON."""
    if "--json" in arguments:
        _print_json_answer(arguments, console.to_error_json(message, hint, code))
    console.print_error(message, hint)
    return code


def _print_json_answer(arguments: Sequence[str], document: dict[str, Any]) -> None:
    """One JSON document; a render answers in lines, of which this is the last."""
    if "render" not in arguments[:1]:
        console.print_json(document)
        return
    from storyboard.run.events import ErrorEvent

    click.echo(to_json_text(ErrorEvent(**document).to_record()))
