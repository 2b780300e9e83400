"""Which alarms an administrator wants, and where they are sent."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from plex.models import Alarm, Job
from plex.monitoring.alarms import notification_addresses, read_alarms
from tracker import notification
from tracker.encryption import DecryptionError, seal
from tracker.models import SiteSettings
from tracker.notification import NotificationError
from tracker.views.answers import UserRequest, for_staff

MOST_ADDRESSES = 10
HINTS = {
    Alarm.Kind.FAILED_EVENTS: "More than 10 % of the Plex events of an hour.",
    Alarm.Kind.CONFLICTS: "More than 50 wait for an answer.",
    Alarm.Kind.TMDB_ERRORS: "More than 20 % of the calls of an hour.",
    Alarm.Kind.WORKER_SILENT: "Nothing was heard of it for five minutes.",
    Alarm.Kind.NEW_CONFLICT: "Sent at most once a minute. It is not shown here: the menu counts the questions.",
}


class AlarmsForm(forms.Form):
    """The kinds that are switched on."""

    on = forms.MultipleChoiceField(choices=Alarm.Kind.choices, required=False)

    def save(self) -> None:
        Alarm.objects.filter(kind__in=self.cleaned_data["on"]).update(is_on=True)
        Alarm.objects.exclude(kind__in=self.cleaned_data["on"]).update(is_on=False, raised_at=None)


class AddressesForm(forms.Form):
    """Where messages go: Apprise addresses, which hold passwords and are never shown again."""

    addresses = forms.CharField(
        label="Addresses, one a line",
        max_length=4000,
        required=False,
        widget=forms.Textarea(
            attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false", "class": "code"}
        ),
        help_text="As in ntfy://ntfy.example.org/tv, tgram://bot-token/chat-id or "
        "mailto://name:password@example.org. Empty sends nothing.",
    )

    def clean_addresses(self) -> str:
        lines: list[str] = self.cleaned_data["addresses"].split()
        if len(lines) > MOST_ADDRESSES:
            raise forms.ValidationError(f"Enter at most {MOST_ADDRESSES} addresses.")
        try:
            notification.check(lines)
        except NotificationError as error:
            raise forms.ValidationError(str(error)) from error
        return "\n".join(lines)

    def save(self) -> None:
        site = SiteSettings.load()
        seal(site, "notification_addresses", self.cleaned_data["addresses"])
        site.save(update_fields=["notification_addresses"])


@never_cache
@login_required
def alarms(request: UserRequest) -> HttpResponse:
    for_staff(request)
    if request.method != "POST":
        return render_page(request)
    form = AlarmsForm(request.POST)
    read_alarms()
    if form.is_valid():
        form.save()
        messages.success(request, "The alarms were saved.")
    else:
        messages.error(request, "There is no such alarm: reload the page.")
    return redirect("plex:alarms")


@never_cache
@login_required
@require_POST
def save_addresses(request: UserRequest) -> HttpResponse:
    for_staff(request)
    form = AddressesForm(request.POST)
    if not form.is_valid():
        return render_page(request, addresses_form=form, status=422)
    try:
        form.save()
    except DecryptionError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "The addresses were saved. Send a test message to try them.")
    return redirect("plex:alarms")


@login_required
@require_POST
def send_test(request: UserRequest) -> HttpResponse:
    for_staff(request)
    try:
        addresses = notification_addresses()
        if addresses:
            body = "This is a test: alarms of your tracker will arrive here."
            notification.send(addresses, title="Full Tracker", body=body)
    except (DecryptionError, NotificationError) as error:
        messages.error(request, str(error))
    else:
        if addresses:
            messages.success(request, "The test message was sent.")
        else:
            messages.error(request, "Enter an address first.")
    return redirect("plex:alarms")


def render_page(request: UserRequest, *, status: int = 200, **forms: Any) -> HttpResponse:
    problem = Job.objects.filter(name="alarms").values_list("last_error", flat=True).first()
    context = {
        "alarms": [(alarm, HINTS[Alarm.Kind(kind)]) for kind, alarm in read_alarms().items()],
        "addresses_form": AddressesForm(),
        "address_state": address_state(),
        "problem": problem or "",
    }
    return render(request, "plex/alarms.html", context | forms, status=status)


def address_state() -> str:
    """What the page says of the addresses: how many, never which."""
    try:
        count = len(notification_addresses())
    except DecryptionError:
        return "unreadable"
    return f"{count} set" if count else ""
