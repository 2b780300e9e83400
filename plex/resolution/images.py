"""Rows as they were, in a form that JSON keeps exactly; and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from django.db import models

Image = dict[str, Any]
M = TypeVar("M", bound=models.Model)


def image_of(row: models.Model, *, without: Iterable[str] = ()) -> Image:
    """The columns of a row, as texts that its fields can read again."""
    left_out = set(without)
    return {
        field.attname: None if getattr(row, field.attname) is None else field.value_to_string(row)
        for field in row._meta.concrete_fields
        if field.attname not in left_out
    }


def images_of(rows: Iterable[models.Model]) -> list[Image]:
    return [image_of(row) for row in rows]


def values_of(model: type[models.Model], image: Image) -> dict[str, Any]:
    """The columns of an image that the model has, as Python's values."""
    return {
        field.attname: None if image[field.attname] is None else read(field, image[field.attname])
        for field in model._meta.concrete_fields
        if field.attname in image
    }


def read(field: models.Field[Any, Any], value: Any) -> Any:
    return value if isinstance(field, models.JSONField) else field.to_python(value)


def row_of(model: type[M], image: Image) -> M:
    return model(**values_of(model, image))
