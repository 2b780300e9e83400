"""The first start: the page that makes the admin, once, for whoever holds the code."""

from __future__ import annotations

import hmac

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from tracker.forms import NewPersonForm
from tracker.models import Profile, SiteSettings
from tracker.models.site import hash_secret


class SetupClosedError(Exception):
    """Somebody else was first, or the code has been replaced meanwhile."""


@never_cache
@sensitive_post_parameters()
def setup(request: HttpRequest, code: str) -> HttpResponse:
    """Makes the first admin, signs them in and leads to the Plex settings."""
    site = SiteSettings.load()
    if site.setup_completed_at or User.objects.filter(is_superuser=True).exists():
        return render(request, "tracker/setup_closed.html", status=410)
    if not site.setup_code_sha256 or not hmac.compare_digest(
        site.setup_code_sha256, hash_secret(code)
    ):
        return render(request, "tracker/setup_wrong_code.html", status=404)
    form = NewPersonForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return render(
            request, "tracker/setup.html", {"form": form}, status=422 if form.errors else 200
        )
    try:
        user = make_admin(form, code=code)
    except SetupClosedError:
        return render(request, "tracker/setup_closed.html", status=410)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    messages.success(request, f"Welcome, {user.get_username()}. Now connect your Plex server.")
    return redirect("plex:settings")


@transaction.atomic
def make_admin(form: NewPersonForm, *, code: str) -> User:
    """The one admin that a code can make. Raises `SetupClosedError` for whoever comes second."""
    won = SiteSettings.objects.filter(
        pk=SiteSettings.SINGLE, setup_completed_at=None, setup_code_sha256=hash_secret(code)
    ).update(setup_completed_at=timezone.now(), setup_code_sha256="")
    if not won:
        raise SetupClosedError
    user: User = form.save(commit=False)
    user.is_staff = user.is_superuser = True
    user.save()
    Profile.objects.get_or_create(user=user)
    return user
