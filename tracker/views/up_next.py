from __future__ import annotations
from django.http import HttpResponse
from django.views import View
def up_next(request, *a, **k): return HttpResponse("soon")
