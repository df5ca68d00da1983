"""The shipped schema: what a piece of a storyboard may hold, and why it doesn't.

A header, a sequence and a shot are checked one by one, so that a mistake in one of them says
nothing about the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from storyboard.diagnostics.collector import DiagnosticCollector
from storyboard.diagnostics.suggestions import Suggester
from storyboard.language.schema.definitions import (
    NEEDED_KEYS,
    SchemaError,
    Steps,
    copy_without_key,
    load_schema,
)
from storyboard.language.schema.explain import SchemaErrorExplainer
from storyboard.language.schema.fast_validator import Accepts, SchemaCompiler, UnsupportedKeyword
from storyboard.language.yaml.parser import Map, Seq


@cache
def _load_schema_compiler() -> SchemaCompiler:
    return SchemaCompiler(load_schema())


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check leaves."""

    data: Any
    """The value without keys that have no value."""
    wrong: tuple[Steps, ...] = ()
    """Where errors are."""

    @property
    def is_valid(self) -> bool:
        return not self.wrong


class SchemaChecker:
    """Holds values against definitions of the schema and reports what doesn't fit."""

    def __init__(
        self,
        diagnostics: DiagnosticCollector,
        suggester: Suggester,
        fragments: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self._diagnostics = diagnostics
        self._explainer = SchemaErrorExplainer(load_schema(), diagnostics, suggester)
        self._fragments = fragments
        self._compiled_fragments: dict[tuple[str, str], Accepts | None] = {}

    def check_value(
        self,
        definition: str,
        data: Any,
        parent: Map | Seq | None = None,
        parent_key: str | int = "",
    ) -> CheckResult:
        """`data` held against `#/definitions/NAME`; a scalar stands at `parent_key` of `parent`."""
        if _load_schema_compiler().compile_definition(definition)(data):
            return CheckResult(data)
        wanted = {
            "allOf": [{"$ref": f"#/definitions/{definition}"}],
            "definitions": load_schema()["definitions"],
        }
        return self._report_schema_errors(wanted, data, parent, parent_key)

    def check_provider_section(self, provider: str, section: str, data: Map) -> CheckResult:
        """Settings or options held against what the provider's adapter brought; else accepted."""
        wanted = self._fragments.get(provider, {}).get(section)
        if wanted is None:
            return CheckResult(data)
        accepts = self._compile_provider_schema(provider, section, wanted)
        if accepts is not None and accepts(data):
            return CheckResult(data)
        return self._report_schema_errors(wanted, data)

    def has_provider_schema(self, provider: str, section: str) -> bool:
        """Whether an adapter brought a schema for that part."""
        return section in self._fragments.get(provider, {})

    def _compile_provider_schema(self, provider: str, section: str, schema: Any) -> Accepts | None:
        if (provider, section) not in self._compiled_fragments:
            try:
                self._compiled_fragments[provider, section] = SchemaCompiler(schema).compile_schema(
                    schema
                )
            except UnsupportedKeyword:
                self._compiled_fragments[provider, section] = None
        return self._compiled_fragments[provider, section]

    def _report_schema_errors(
        self, schema: Any, data: Any, parent: Map | Seq | None = None, parent_key: str | int = ""
    ) -> CheckResult:
        errors = list(_find_schema_errors(schema, data))
        empty_paths = [
            error.path
            for error in errors
            if error.validator == "type"
            and error.instance is None
            and _can_key_be_absent(error.path)
        ]
        if empty_paths:
            for steps in empty_paths:
                self._explainer.warn_empty_key(data, steps)
                data = copy_without_key(data, steps)
            errors = list(_find_schema_errors(schema, data))
        errors = _keep_one_error_per_value(errors)
        for error in errors:
            self._explainer.report_error(error, data, parent, parent_key, errors)
        return CheckResult(data, tuple(steps for error in errors for steps in error.wrong_paths))


def _keep_one_error_per_value(errors: list[SchemaError]) -> list[SchemaError]:
    """One error for each value: of several, that which says most."""
    errors_by_value: dict[Any, SchemaError] = {}
    for error in errors:
        stands_alone = error.validator in ("additionalProperties", "required")
        key = (error.path, error.validator, str(error.wanted)) if stands_alone else error.path
        if key not in errors_by_value or error.validator in ("enum", "const"):
            errors_by_value[key] = error
    return list(errors_by_value.values())


def _find_schema_errors(schema: Any, data: Any) -> Iterator[SchemaError]:
    # imported here: a sound film never pays for it
    from jsonschema import Draft7Validator
    from referencing import Registry

    for error in Draft7Validator(schema, registry=Registry()).iter_errors(data):
        part = error.schema if isinstance(error.schema, dict) else {}
        yield SchemaError(
            tuple(error.absolute_path),
            str(error.validator),
            error.validator_value,
            error.instance,
            part,
        )


def _can_key_be_absent(steps: Steps) -> bool:
    """Whether a key with no value may count as absent."""
    return (
        bool(steps)
        and isinstance(steps[-1], str)
        and steps[-1] not in NEEDED_KEYS
        and not {"dialogue", "narration", "camera"} & set(steps[:-1])
    )
