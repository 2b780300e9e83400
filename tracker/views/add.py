from __future__ import annotations
from django.http import HttpResponse
from django.views import View
def add_show(request, *a, **k): return HttpResponse("soon")
def save_key(request, *a, **k): return HttpResponse("soon")
