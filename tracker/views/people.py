"""The people of this tracker; an admin adds one."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render

from tracker.forms import PersonForm
from tracker.models import Profile
from tracker.views.answers import UserRequest


@login_required
def people(request: UserRequest) -> HttpResponse:
    """Admins only, superusers at that: who adds an admin gives away everything."""
    if not request.user.is_superuser:
        raise PermissionDenied
    form = PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            person = form.save()
            Profile.objects.get_or_create(user=person)
        messages.success(
            request, f"{person.get_username()} can sign in now. Tell them their password."
        )
        return redirect("tracker:people")
    everybody = User.objects.annotate(show_count=Count("tracked_shows")).order_by("username")
    status = 422 if form.errors else 200
    return render(
        request, "tracker/people.html", {"form": form, "people": everybody}, status=status
    )
