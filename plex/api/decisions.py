"""What the calls that decide have in common."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django import forms
from django.shortcuts import get_object_or_404
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from plex.models import PlexShowMapping
from plex.resolution import ChangedMeanwhileError, ResolutionError
from tracker.api.exceptions import Conflicting
from tracker.api.permissions import signed_in
from tracker.models import TVShow


@contextmanager
def deciding() -> Iterator[None]:
    """A decision that can't be carried out is a 400; a 409 where it would be another than was shown."""
    try:
        yield
    except ChangedMeanwhileError as error:
        raise Conflicting(str(error)) from error
    except ResolutionError as error:
        raise ValidationError(str(error)) from error


def find_mapping(request: Request, pk: int, *, is_mapped: bool = False) -> PlexShowMapping:
    """A Plex show that the caller may see; with `is_mapped` only one that has a show."""
    found = PlexShowMapping.objects.visible_to(signed_in(request)).select_related("tvshow")
    return get_object_or_404(found.mapped() if is_mapped else found, pk=pk)


def find_show(show_id: int) -> TVShow:
    """The show that a body names. Raises `ValidationError`: the address is right, the body is not."""
    show = TVShow.objects.filter(pk=show_id).first()
    if show is None:
        raise ValidationError({"tvshow_id": f"There is no show {show_id} in this tracker."})
    return show


def errors_of(form: forms.BaseForm, **renamed: str) -> ValidationError:
    """What is wrong with a form, by the names that the call's body has for its fields."""
    by_field: dict[str, Any] = {
        "non_field_errors" if name == "__all__" else renamed.get(name, name): list(map(str, errors))
        for name, errors in form.errors.items()
    }
    return ValidationError(by_field)
