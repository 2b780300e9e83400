from __future__ import annotations
from django.http import HttpResponse
from django.views import View
def calendar(request, *a, **k): return HttpResponse("soon")
def renew_address(request, *a, **k): return HttpResponse("soon")
def feed(request, *a, **k): return HttpResponse("soon")
