"""The documentation page of the API, from files that come with the application."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.utils.decorators import method_decorator
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import IsAuthenticated


class SchemaView(SpectacularAPIView):
    """The OpenAPI description of all calls, as YAML or JSON (`?format=`, or the Accept header)."""

    permission_classes = (IsAuthenticated,)


@method_decorator(login_required, name="dispatch")
class DocumentationView(SpectacularSwaggerSplitView):
    """Swagger UI in the form that a strict content security policy allows."""

    permission_classes = (IsAuthenticated,)
    template_name = "tracker/api_docs.html"
    url_name = "api-schema"
