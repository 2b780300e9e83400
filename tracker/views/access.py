"""Signing in and out, and the web manifest."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView, LogoutView, redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.http import require_safe
from django_ratelimit.core import is_ratelimited

from tracker.views.answers import own_address

TRIES = "10/5m"


class SignIn(LoginView):
    template_name = "tracker/sign_in.html"
    redirect_authenticated_user = True

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not User.objects.exists():
            return redirect("tracker:up-next")
        return super().get(request, *args, **kwargs)

    def get_redirect_url(self, request: HttpRequest | None = None) -> str:
        """Never this very page, which sends on whoever is signed in."""
        target = super().get_redirect_url()
        return "" if target == self.request.path else target

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Ten tries in five minutes per address: enough for typing errors, not for guessing."""
        if is_ratelimited(request, group="sign-in", key="ip", rate=TRIES, increment=True):
            form = AuthenticationForm(request)
            context = self.get_context_data(form=form, too_many=True)
            return self.render_to_response(context, status=429)
        return super().post(request, *args, **kwargs)


def admin_sign_in(request: HttpRequest) -> HttpResponse:
    """One place to sign in, and one limit on guessing: the admin's own form would have none.

    The admin sends whoever may not enter it here, signed in or not.
    """
    target = request.GET.get(REDIRECT_FIELD_NAME, "")
    if not request.user.is_authenticated:
        return redirect_to_login(target or reverse("admin:index"))
    if not admin.site.has_permission(request):
        raise PermissionDenied
    return redirect(own_address(request, target, reverse("admin:index")))


class SignOut(LogoutView):
    """Only by POST, so that no picture or link can do it."""

    http_method_names = ["post", "options"]


@require_safe
def manifest(request: HttpRequest) -> JsonResponse:
    """What a phone needs to put the tracker on its home screen."""
    icons = [
        {"src": static(f"icon-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png"}
        for size in (192, 512)
    ]
    maskable = {**icons[1], "src": static("icon-maskable-512.png"), "purpose": "maskable"}
    return JsonResponse(
        {
            "name": "Full Tracker",
            "short_name": "Tracker",
            "id": "/",
            "start_url": reverse("tracker:up-next"),
            "display": "standalone",
            "background_color": "#0e0f12",
            "theme_color": "#0e0f12",
            "icons": [*icons, maskable],
        },
        content_type="application/manifest+json",
    )


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """For answers that name no icon, as those of the API: programs then ask for this address."""
    return redirect(static("icon-192.png"))
