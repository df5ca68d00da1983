"""What each key means in the files that have no schema; tests hold these tables to real files.

A path such as `nodes[].id` names a key of each item of a list; `NAME` stands for any name.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from storyboard.plan.plan import Action, Reason

CHECK_KEYS: Mapping[str, str] = MappingProxyType(
    {
        "format": "The number of the format, 1.",
        "diagnostics[].code": "The code, such as `SB202`.",
        "diagnostics[].name": "Its short name, such as `unknown-cast`.",
        "diagnostics[].severity": "`error`, `warning` or `note`.",
        "diagnostics[].message": "One sentence.",
        "diagnostics[].file": "The file, as you named it.",
        "diagnostics[].line": "The line where the value begins; the first is 1.",
        "diagnostics[].column": "The column where it begins, in characters; the first is 1.",
        "diagnostics[].end_line": "The line where it ends.",
        "diagnostics[].end_column": "The first column after it.",
        "diagnostics[].hint": "What to write instead; may have several lines. Empty: no hint.",
        "diagnostics[].related[]": "Other places that matter: a place, and `message`.",
    }
)

ACTIONS: Mapping[Action, str] = MappingProxyType(
    {
        Action.CREATE: "a take is made that was never made",
        Action.REDO: "a take is made again, since the step changed",
        Action.KEEP: "the take that is there plays",
        Action.IMPORT: "footage is taken into the store",
        Action.BLOCKED: "nothing can be made until a person does something",
    }
)

REASONS: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.NEW_SHOT: "no take of the step was ever made",
        Reason.PROMPT_CHANGED: "the words changed",
        Reason.SETTINGS_CHANGED: "a setting of the model changed",
        Reason.UPSTREAM_CHANGED: "a step that it depends on changed",
        Reason.REFERENCE_CHANGED: "a reference image changed",
        Reason.PROVIDER_CHANGED: "the provider changed",
        Reason.MODEL_CHANGED: "the model changed",
        Reason.TAKE_MISSING: "the file of the take is not in the store",
        Reason.TAKE_CORRUPT: "the file of the take is not what it was",
        Reason.RETAKE_REQUESTED: "`--retake` asks for one more take",
        Reason.URI_EXPIRED: "the provider no longer keeps the source of an extension",
        Reason.URI_EXPIRING: "the provider soon stops keeping the source of an extension",
        Reason.FORCED: "`--force` asks for it",
        Reason.STALE_ACCEPTED: "`--accept-stale` keeps a take of an older version",
        Reason.LOCKED: "the shot has `lock`",
        Reason.SHARED: "another shot has the same take",
        Reason.IN_FLIGHT: "an earlier run submitted it, and the result is still to come",
        Reason.UNDECIDED: "it is not known whether an earlier submission arrived",
        Reason.FILTERED: "a safety filter took the result, and a person must decide",
    }
)


EVENTS: Mapping[str, str] = MappingProxyType(
    {
        "plan": "The run begins: what it is about to do.",
        "step_started": "Work on a step begins.",
        "operation_started": "A provider has accepted an operation.",
        "operation_progress": "The provider says how an operation stands.",
        "take_added": "A take is in the store.",
        "step_finished": "A step has its take.",
        "step_failed": "A step got no take.",
        "step_blocked": "A step could not be tried.",
        "stitch_progress": "How much of the film is cut.",
        "film_written": "The finished film is written.",
        "note": "Something that you should know; no error.",
        "summary": "The run is over: the last line of a render.",
        "error": "The render ended without a summary: the last line instead.",
    }
)
"""When each event is sent, by its type."""

MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "format": "The number of the format.",
        "type": "Which event it is.",
        "time": "When it was.",
        "run": "The id of the run.",
        "create": "How many steps are made.",
        "redo": "How many steps are made again.",
        "keep": "How many steps keep their take.",
        "imports": "How many files are taken into the store.",
        "blocked": "How many steps can't be made.",
        "cost_usd": "What it costs, in US dollars.",
        "step": "The id of the step.",
        "shot": "The id of the shot.",
        "kind": "The kind of step.",
        "provider": "Who makes it.",
        "model": "The exact id of the model.",
        "digest": "The digest of the step: what was asked, and of what.",
        "take": "The name of the take, such as `t01`.",
        "operation": "The name of the operation at the provider.",
        "resumed": "True where an earlier run submitted it.",
        "elapsed_s": "Seconds since it began.",
        "usual_s": "The usual seconds for the model, shortest and longest.",
        "message": "One sentence.",
        "hint": "What to do about it.",
        "exit_code": "The exit code that it leads to.",
        "trace": "Where the fault of an adapter lies; for its author.",
        "by": "Steps that it waits for.",
        "sha256": "The digest of the file.",
        "frames": "How many frames.",
        "of_frames": "How many frames there are in all.",
        "status": "`made` or `kept`.",
        "path": "The path of the film.",
        "seconds": "The length in seconds.",
        "size": "The size of the file, in bytes.",
        "made": "How many steps got a new take.",
        "kept": "How many steps kept their take.",
        "failed": "How many steps failed.",
        "unknown": "How many submissions have an unknown outcome.",
        "interrupted": "True where somebody stopped the run.",
        "error": "What went wrong.",
        "diagnostics": "The problems of the film, as `check --json` has them.",
        "seed": "The seed that was sent.",
        "rate": "Frames per second, exact.",
        "contains_source": "True for an extension that begins with its source.",
        "start": "The first frame that is used.",
        "end": "The frame after the last one that is used.",
        "suffix": "The end of the file's name, such as `.mp4`.",
        "width": "Width in pixels.",
        "height": "Height in pixels.",
        "has_audio": "Whether it has sound.",
    }
)
"""What a key means wherever its schema has no words of its own, by its last name."""

PLAN_KEYS: Mapping[str, str] = MappingProxyType(
    {
        "format": "The number of the format, 1.",
        "film": "The name of the storyboard file.",
        "title": "The title of the film.",
        "nodes[].id": "The id of the step: that of its shot, or `SH010.first_frame`, `SH085.2`.",
        "nodes[].shot": "The id of the shot; null for a step that serves the whole film.",
        "nodes[].step": "The kind of step: `generate`, `extend`, `still`, `import` and so on.",
        "nodes[].action": "What a render would do with it; below.",
        "nodes[].reasons[]": "Why; below.",
        "nodes[].provider": "Who makes it.",
        "nodes[].model": "The exact id of the model.",
        "nodes[].target": "The platform whose limits hold.",
        "nodes[].cost_usd": "What a render now would pay for it, as text.",
        "nodes[].certain": "False where what it depends on may turn out otherwise.",
        "nodes[].buys_s": "Seconds that are asked of the model.",
        "nodes[].plays_s": "Seconds of it that play in the film.",
        "nodes[].record_in": "The first frame of the film in which it plays; null: none.",
        "nodes[].record_out": "The frame of the film after its last one.",
        "nodes[].take": "The take that plays, such as `t01`; null while there is none.",
        "nodes[].depends_on[]": "Ids of the steps that it needs first.",
        "nodes[].instead": "What the policy of the film put in the place of what was written.",
        "pending[].take": "A take that an earlier run left open.",
        "pending[].held_usd": "Money that stays reserved for it, as text.",
        "pending[].unknown": "True where nobody knows whether the submission arrived.",
        "pending[].filtered": "True where a safety filter took the result.",
        "pending[].wanted": "True where this plan needs the take.",
        "totals.cost_usd": "What a render now would pay, as text.",
        "totals.held_usd": "Money that stays reserved for open takes, as text.",
        "totals.seconds": "The length of the film.",
        "totals.frames": "The same, in frames.",
        "totals.predicted_s": "How long the paid operations may take; absent without any.",
        "totals.critical_path_s": "How long the longest chain of them may take.",
        "totals.jobs": "How many operations are to be made.",
        "totals.predicted_from": "What the prediction is based on.",
        **{
            f"totals.{action.value}": f"How many nodes have the action `{action.value}`."
            for action in Action
        },
    }
)

SAVED_PLAN_KEYS: Mapping[str, str] = MappingProxyType(
    {
        "storyboard_plan": "The number of the format, 1.",
        "sha256": "A digest of all other keys: an edited plan is refused.",
        "film": "The path of the film.",
        "flags": "Overrides that the plan was made with: `--profile`, `--provider` and so on.",
        "wishes": "What `--retake`, `--force`, `--rebuy` and `--accept-stale` said.",
        "shots[]": "The shots that were named; empty: all.",
        "max_cost_micros": "What `--max-cost` said; null: nothing.",
        "reviewed.film": "The parts of the film, as words or as digests.",
        "reviewed.shots": "By shot, the parts of each.",
        "reviewed.steps": "By step: action, reasons, digest, takes and prices.",
    }
)

PROVENANCE_KEYS: Mapping[str, str] = MappingProxyType(
    {
        "format": "The number of the format, 1.",
        "film": "The name of the finished film.",
        "title": "The title of the film.",
        "storyboard": "The version of storyboard that cut it.",
        "frames": "The length of the film, in frames.",
        "rate": "Frames per second, exact.",
        "seconds": "The length in seconds.",
        "digital_source_type": "IPTC's term for how the picture was made; empty: not known.",
        "price_usd": "What the takes of this film cost; each counts once.",
        "ranges[]": "What plays, in order: these keys, and those of a take.",
        "ranges[].shot": "The id of the shot.",
        "ranges[].from": "The first frame of the film.",
        "ranges[].to": "The frame after the last one.",
        "ranges[].source_frames": "First frame in the take, and the frame after the last one.",
        "ranges[].plain": "The colour or the words of a card, where no take plays.",
        "ranges[].entering": "The transition into the range: `kind`, `from` and `to`.",
        "ranges[].leaving": "The transition out of it.",
        "narration[]": "Takes of narration, with `from` and `to`.",
        "made_from[]": "Takes that don't play and that others were made from.",
        "TAKE.step": "Of each take: the id of the step.",
        "TAKE.kind": "The kind of step.",
        "TAKE.take": "The name of the take.",
        "TAKE.sha256": "The digest of its file.",
        "TAKE.digest": "The digest of the step: what was asked, and of what.",
        "TAKE.provider": "Who made it.",
        "TAKE.model": "With which model.",
        "TAKE.prompt_sha256": "The digest of the words.",
        "TAKE.seed": "The seed that was sent.",
        "TAKE.operation": "The name of the operation at the provider.",
        "TAKE.price_usd": "What it cost.",
        "TAKE.trim": "The trim of the take in the lock file.",
        "TAKE.note": "The note of the take in the lock file.",
        "TAKE.references[]": "Files that went with the words: `role`, `file`, `sha256`, `cast`.",
        "TAKE.parents[]": "Takes that it was made from: `role`, `step`, `take`, `sha256`.",
        "TAKE.digital_source_type": "IPTC's term for how the picture was made.",
        "TAKE.contains_source": "Whether an extension begins with its source.",
        "TAKE.instead": "What the policy of the film put in the place of what was written.",
        "TAKE.policy[]": "Attempts that failed before: `outcome`, `why`, `price_usd`.",
    }
)
