"""A person's own account: zone, theme, password, API tokens."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from tracker.forms import NewPasswordForm, ProfileForm, TokenForm
from tracker.models import ApiToken, Profile
from tracker.views.answers import UserRequest, back
from tracker.views.feed import feed_address

MOST_TOKENS = 50


def profile_of(request: UserRequest) -> Profile:
    return request.profile or Profile.objects.get_or_create(user=request.user)[0]


@login_required
@never_cache
def account(request: UserRequest) -> HttpResponse:
    profile = profile_of(request)
    form = ProfileForm(request.POST or None, instance=profile)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Saved.")
        return redirect("tracker:account")
    return account_page(request, form=form)


def account_page(request: UserRequest, *, status: int = 200, **context: Any) -> HttpResponse:
    profile = profile_of(request)
    context.setdefault("form", ProfileForm(instance=profile))
    context.setdefault("token_form", TokenForm())
    context |= {
        "tokens": ApiToken.objects.filter(user=request.user).order_by("-created_at"),
        "feed": feed_address(profile, request),
    }
    return render(request, "tracker/account.html", context, status=status)


@login_required
@require_POST
def theme(request: UserRequest) -> HttpResponse:
    chosen = request.POST.get("theme", "")
    if chosen in Profile.Theme.values:
        Profile.objects.update_or_create(user=request.user, defaults={"theme": chosen})
    return HttpResponse(status=204) if request.htmx else back(request, "/")


@login_required
@never_cache
@require_POST
def make_token(request: UserRequest) -> HttpResponse:
    """A new API token, shown by this answer and never again."""
    form = TokenForm(request.POST)
    if not form.is_valid():
        return account_page(request, token_form=form, status=422)
    if ApiToken.objects.filter(user=request.user).count() >= MOST_TOKENS:
        messages.error(
            request, f"You have {MOST_TOKENS} tokens. Remove one that you no longer use first."
        )
        return redirect("tracker:account")
    _, text = ApiToken.make(user=request.user, name=form.cleaned_data["name"])
    return account_page(request, new_token=text)


@login_required
@require_POST
def remove_token(request: UserRequest, pk: int) -> HttpResponse:
    get_object_or_404(ApiToken, pk=pk, user=request.user).delete()
    messages.success(request, "The token is removed. Whatever used it can't any more.")
    return redirect("tracker:account")


class ChangePassword(LoginRequiredMixin, PasswordChangeView):
    template_name = "tracker/password.html"
    form_class = NewPasswordForm
    success_url = reverse_lazy("tracker:account")

    def form_valid(self, form: Any) -> HttpResponse:
        messages.success(
            self.request, "The password is changed. Other devices have to sign in again."
        )
        return super().form_valid(form)
