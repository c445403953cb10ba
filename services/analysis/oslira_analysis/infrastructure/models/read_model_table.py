"""The configured table of models: the built-in one with the changes of MODEL_TABLE.

MODEL_TABLE is a JSON object, or the path of a file with one. A key is a role with the fields that change, or `models` with models
that the catalogue does not contain, or contains with other parameters:

    {"light": {"model": "gpt-7-luna", "effort": "low"}, "models": {"gpt-7-luna": {"family": "gpt-6"}}}
"""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from oslira_analysis.domain.models.calls import Price
from oslira_analysis.domain.models.model_catalogue import CATALOGUE, FAMILIES, Effort, Model
from oslira_analysis.domain.models.model_table import ROLES, InvalidTable, ModelTable, Role, RoleName
from oslira_analysis.infrastructure.models.model_prices import UnknownPrice, known_cost_nano_usd

_MODELS_KEY: Final = "models"
_DEFAULT_MOST_OUTPUT_TOKENS: Final = 128_000
_MOST_ERROR_CHARS: Final = 300
_STRICT: Final = ConfigDict(extra="forbid", frozen=True)
Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[\w.:/@-]+$")]


class _RoleChange(BaseModel):
    model_config = _STRICT
    model: Name | None = None
    fallback: Name | None = None
    effort: Effort | None = None
    output_tokens: int | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    # Of `model`: overrides the catalogue.
    shuts_down_on: date | None = None
    successor: Name | None = None


class _ModelChange(BaseModel):
    model_config = _STRICT
    family: Name | None = None
    most_output_tokens: Annotated[int, Field(ge=1)] = _DEFAULT_MOST_OUTPUT_TOKENS
    shuts_down_on: date | None = None
    successor: Name | None = None


_OF_THE_MODEL: Final = {"shuts_down_on", "successor"}
_ANY_OBJECT: Final = TypeAdapter(dict[str, dict[str, object]])
_ROLE_CHANGES: Final = TypeAdapter(dict[RoleName, _RoleChange])
_MODEL_CHANGES: Final = TypeAdapter(dict[Name, _ModelChange])


def read_model_table(setting: str, *, price: Price = known_cost_nano_usd) -> ModelTable:
    """`setting` as in MODEL_TABLE; empty for the built-in table. Raises InvalidTable, in one line."""
    text = setting.strip()
    if text and not text.startswith("{"):
        text = _file(Path(text))
    try:
        changes = _ANY_OBJECT.validate_json(text or "{}")
        models = _MODEL_CHANGES.validate_python(changes.pop(_MODELS_KEY, {}))
        roles = _ROLE_CHANGES.validate_python(changes)
    except ValidationError as error:
        raise InvalidTable(_first(error)) from error
    known = _changed_models(models, roles)
    table = ModelTable({name: _role(ROLES[name], roles.get(name)) for name in ROLES}, known)
    _check_efforts(table, roles)
    _check_prices(table, price)
    return table


def _file(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except (OSError, ValueError) as error:
        raise InvalidTable(f"neither a JSON object nor a readable file ({type(error).__name__})") from error


def _first(error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in problem["loc"] if part != "[key]")
    message = f"{where}: {problem['msg']}" if where else problem["msg"]
    return " ".join(message.split())[:_MOST_ERROR_CHARS]


def _role(role: Role, change: _RoleChange | None) -> Role:
    fields = change.model_dump(exclude_none=True, exclude=_OF_THE_MODEL) if change else {}
    return replace(role, **fields)


def _changed_models(models: dict[str, _ModelChange], roles: dict[RoleName, _RoleChange]) -> dict[str, Model]:
    known = dict(CATALOGUE)
    for name, change in models.items():
        known[name] = _model(name, known.get(name), change)
    for role_name, role in roles.items():
        if not _OF_THE_MODEL & role.model_fields_set:
            continue
        name = role.model or ROLES[role_name].model
        if name not in known:
            raise InvalidTable(f"role {role_name}: unknown model {name!r} (name its family under `models`)")
        own = role.model_dump(include=_OF_THE_MODEL & role.model_fields_set)
        known[name] = _model(name, known[name], _ModelChange.model_validate(own))
    return known


def _model(name: str, model: Model | None, change: _ModelChange) -> Model:
    fields = {field: getattr(change, field) for field in change.model_fields_set}
    if model is None:
        if change.family is None:
            raise InvalidTable(f"models.{name}: family is missing, one of {', '.join(FAMILIES)}")
        model = Model(name, change.family, _DEFAULT_MOST_OUTPUT_TOKENS)
    changed = replace(model, **fields)
    if changed.family not in FAMILIES:
        raise InvalidTable(
            f"models.{name}: unknown family {changed.family!r}, not one of {', '.join(FAMILIES)}"
        )
    return changed


def _check_efforts(table: ModelTable, roles: dict[RoleName, _RoleChange]) -> None:
    """A configured effort must be one that the model supports; a built-in one is adapted."""
    for name, role in roles.items():
        if role.effort is None:
            continue
        model = table.models[table.roles[name].model]
        taken = model.parameters.efforts or ("none",)
        if role.effort not in taken:
            raise InvalidTable(
                f"role {name}: {model.name} takes no effort {role.effort!r}, only {', '.join(taken)}"
            )


def _check_prices(table: ModelTable, price: Price) -> None:
    for name, provider in sorted(table.watched().items()):
        try:
            price(provider, name, input_tokens=1_000, cached_tokens=0, output_tokens=1_000)
        except UnknownPrice as error:
            raise InvalidTable(f"{name} has no known price") from error
