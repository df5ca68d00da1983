"""A film is a YAML file of shots: check it, price it, rehearse it, shoot it, cut it.

    >>> import storyboard
    >>> film = storyboard.load("film.yaml")           # doctest: +SKIP
    >>> plan = storyboard.plan_film(film)             # doctest: +SKIP
    >>> storyboard.render(film, out="film.mp4")       # doctest: +SKIP

What the command line can do with a film, a program can do too; every type that a function takes or
returns is here as well. A film is given by its path, or as what `load` returned with these
overrides, which `check_film`, `compile_film`, `plan_film`, `render` and `stitch` take as well:

- `profile`: use this profile of the film
- `provider`, `model`: use this provider or model for every shot
- `previz`: let previz draw every shot, for free
- `proxy`: draw at 320x180
- `allow_retired`: try models that were switched off

An override that is None keeps what the film was loaded with. One that changes a loaded film reads
its file again.

Every function raises StoryboardError for what a user can cure; an invalid film raises
InvalidStoryboard with every problem at once. Money is in whole micro-dollars where a name ends in
`_micros`, and in US dollars where it ends in `_usd`. Nothing heavy is imported before a name is
used.
"""

from storyboard._version import __version__ as __version__

TYPE_CHECKING = False  # neither `typing` nor `__future__` is imported: see `__main__`
if TYPE_CHECKING:
    from storyboard.api.films import DiagnosticForm as DiagnosticForm
    from storyboard.api.films import FilmSource as FilmSource
    from storyboard.api.films import Names as Names
    from storyboard.api.films import Usd as Usd
    from storyboard.api.films import check_film as check_film
    from storyboard.api.films import compare_providers as compare_providers
    from storyboard.api.films import compile_film as compile_film
    from storyboard.api.films import format_diagnostics as format_diagnostics
    from storyboard.api.films import format_film_yaml as format_film_yaml
    from storyboard.api.films import load as load
    from storyboard.api.films import plan_film as plan_film
    from storyboard.api.films import to_film_data as to_film_data
    from storyboard.api.model_list import ListedModel as ListedModel
    from storyboard.api.model_list import list_models as list_models
    from storyboard.api.rendering import EventCallback as EventCallback
    from storyboard.api.rendering import MissingPolicy as MissingPolicy
    from storyboard.api.rendering import render as render
    from storyboard.api.rendering import render_async as render_async
    from storyboard.api.rendering import stitch as stitch
    from storyboard.api.resolution import UncertainOperation as UncertainOperation
    from storyboard.api.resolution import find_operation as find_operation
    from storyboard.api.resolution import resolve_operation as resolve_operation
    from storyboard.api.runs import AttemptGroup as AttemptGroup
    from storyboard.api.runs import AttemptGrouping as AttemptGrouping
    from storyboard.api.runs import AttemptState as AttemptState
    from storyboard.api.runs import FilmRuns as FilmRuns
    from storyboard.api.runs import NoticeCallback as NoticeCallback
    from storyboard.api.runs import list_runs as list_runs
    from storyboard.api.runs import rebuild_ledger as rebuild_ledger
    from storyboard.api.store import FetchedTakes as FetchedTakes
    from storyboard.api.store import StoreCleanup as StoreCleanup
    from storyboard.api.store import StoredTake as StoredTake
    from storyboard.api.store import collect_garbage as collect_garbage
    from storyboard.api.store import fetch_takes as fetch_takes
    from storyboard.api.store import find_stored_takes as find_stored_takes
    from storyboard.api.store import list_stored_takes as list_stored_takes
    from storyboard.api.store import verify_store as verify_store
    from storyboard.api.takes import FilmTake as FilmTake
    from storyboard.api.takes import list_takes as list_takes
    from storyboard.api.takes import pick_take as pick_take
    from storyboard.api.takes import read_provenance as read_provenance
    from storyboard.api.takes import reject_take as reject_take
    from storyboard.errors import AuthenticationError as AuthenticationError
    from storyboard.errors import DecisionNeeded as DecisionNeeded
    from storyboard.errors import Diagnostic as Diagnostic
    from storyboard.errors import EnvironmentProblem as EnvironmentProblem
    from storyboard.errors import Gone as Gone
    from storyboard.errors import InvalidRequest as InvalidRequest
    from storyboard.errors import InvalidStoryboard as InvalidStoryboard
    from storyboard.errors import MediaError as MediaError
    from storyboard.errors import MoneyRefused as MoneyRefused
    from storyboard.errors import NotNow as NotNow
    from storyboard.errors import OperationFailed as OperationFailed
    from storyboard.errors import ProviderError as ProviderError
    from storyboard.errors import QuotaError as QuotaError
    from storyboard.errors import RefusedError as RefusedError
    from storyboard.errors import RetiredModel as RetiredModel
    from storyboard.errors import Severity as Severity
    from storyboard.errors import Span as Span
    from storyboard.errors import StitchError as StitchError
    from storyboard.errors import StoreError as StoreError
    from storyboard.errors import StoryboardError as StoryboardError
    from storyboard.errors import UnknownOutcome as UnknownOutcome
    from storyboard.errors import Unreachable as Unreachable
    from storyboard.errors import UsageError as UsageError
    from storyboard.graph.compiler import Graph as Graph
    from storyboard.graph.shot_material import ShotMaterial as ShotMaterial
    from storyboard.graph.steps import Step as Step
    from storyboard.graph.timeline import Timeline as Timeline
    from storyboard.model.film import Film as Film
    from storyboard.model.take import MediaFacts as MediaFacts
    from storyboard.model.take import Take as Take
    from storyboard.pipeline.provider_comparison import ProviderOffer as ProviderOffer
    from storyboard.pipeline.render import RenderResult as RenderResult
    from storyboard.pipeline.session import CheckedFilm as CheckedFilm
    from storyboard.pipeline.session import Overrides as Overrides
    from storyboard.plan.plan import Action as Action
    from storyboard.plan.plan import Node as Node
    from storyboard.plan.plan import PendingTake as PendingTake
    from storyboard.plan.plan import Plan as Plan
    from storyboard.plan.plan import Reason as Reason
    from storyboard.providers.base import Kind as Kind
    from storyboard.providers.catalog import Model as Model
    from storyboard.run.events import ErrorEvent as ErrorEvent
    from storyboard.run.events import Event as Event
    from storyboard.run.events import FilmWritten as FilmWritten
    from storyboard.run.events import Note as Note
    from storyboard.run.events import OperationProgress as OperationProgress
    from storyboard.run.events import OperationStarted as OperationStarted
    from storyboard.run.events import PlanMade as PlanMade
    from storyboard.run.events import StepBlocked as StepBlocked
    from storyboard.run.events import StepEvent as StepEvent
    from storyboard.run.events import StepFailed as StepFailed
    from storyboard.run.events import StepFinished as StepFinished
    from storyboard.run.events import StepStarted as StepStarted
    from storyboard.run.events import StitchProgress as StitchProgress
    from storyboard.run.events import Summary as Summary
    from storyboard.run.events import TakeAdded as TakeAdded
    from storyboard.run.ledger.attempts import Attempt as Attempt
    from storyboard.run.maintenance.rebuild_ledger import RebuildReport as RebuildReport
    from storyboard.run.maintenance.store_maintenance import GcReport as GcReport
    from storyboard.run.maintenance.store_maintenance import StoreDefect as StoreDefect
    from storyboard.run.result import RunResult as RunResult
    from storyboard.run.store.take_record import TakeRecord as TakeRecord
    from storyboard.timecode import FrameRange as FrameRange
    from storyboard.timecode import Rate as Rate

_NAMES = {
    "storyboard.api.films": """
        DiagnosticForm FilmSource Names Usd check_film compare_providers compile_film
        format_diagnostics format_film_yaml load plan_film to_film_data
    """,
    "storyboard.api.rendering": "EventCallback MissingPolicy render render_async stitch",
    "storyboard.api.takes": "FilmTake list_takes pick_take read_provenance reject_take",
    "storyboard.api.runs": """
        AttemptGroup AttemptGrouping AttemptState FilmRuns NoticeCallback list_runs
        rebuild_ledger
    """,
    "storyboard.api.resolution": "UncertainOperation find_operation resolve_operation",
    "storyboard.api.store": """
        FetchedTakes StoreCleanup StoredTake collect_garbage fetch_takes find_stored_takes
        list_stored_takes verify_store
    """,
    "storyboard.api.model_list": "ListedModel list_models",
    "storyboard.errors": """
        AuthenticationError DecisionNeeded Diagnostic EnvironmentProblem Gone
        InvalidRequest InvalidStoryboard MediaError MoneyRefused NotNow OperationFailed
        ProviderError QuotaError RefusedError RetiredModel Severity Span StitchError
        StoreError StoryboardError UnknownOutcome Unreachable UsageError
    """,
    "storyboard.graph.compiler": "Graph",
    "storyboard.graph.shot_material": "ShotMaterial",
    "storyboard.graph.steps": "Step",
    "storyboard.graph.timeline": "Timeline",
    "storyboard.model.film": "Film",
    "storyboard.model.take": "MediaFacts Take",
    "storyboard.pipeline.provider_comparison": "ProviderOffer",
    "storyboard.pipeline.render": "RenderResult",
    "storyboard.pipeline.session": "CheckedFilm Overrides",
    "storyboard.plan.plan": "Action Node PendingTake Plan Reason",
    "storyboard.providers.base": "Kind",
    "storyboard.providers.catalog": "Model",
    "storyboard.run.events": """
        ErrorEvent Event FilmWritten Note OperationProgress OperationStarted PlanMade
        StepBlocked StepEvent StepFailed StepFinished StepStarted StitchProgress Summary
        TakeAdded
    """,
    "storyboard.run.ledger.attempts": "Attempt",
    "storyboard.run.maintenance.rebuild_ledger": "RebuildReport",
    "storyboard.run.maintenance.store_maintenance": "GcReport StoreDefect",
    "storyboard.run.result": "RunResult",
    "storyboard.run.store.take_record": "TakeRecord",
    "storyboard.timecode": "FrameRange Rate",
}
"""By module, the names that it gives to this one: the same as type checkers read above."""
_MODULES = {name: module for module, names in _NAMES.items() for name in names.split()}

__all__ = sorted(_MODULES)

if not TYPE_CHECKING:  # type checkers know the names above and no others

    def __getattr__(name):
        """Imports a name's module when the name is first used."""
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = globals()[name] = getattr(import_module(_MODULES[name]), name)
        return value

    def __dir__():
        return sorted({*globals(), *_MODULES})
