from __future__ import annotations
from django.http import HttpResponse
from django.views import View
class SignIn(View):
    def get(self, request): return HttpResponse("soon")
class SignOut(View):
    def get(self, request): return HttpResponse("soon")
def manifest(request, *a, **k): return HttpResponse("soon")
