"""The calls for a user's own connection: settings and figures."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from plex.api.serializers import ConfigChangeSerializer, ConfigSerializer, StatsSerializer
from plex.connection import connect, disconnect, save_settings, token_state
from plex.models import PlexConfig
from plex.monitoring.reports import stats
from tracker.api.permissions import signed_in
from tracker.api.serializers import ErrorSerializer


def own_config(request: Request) -> PlexConfig:
    config = PlexConfig.objects.select_related("account").filter(user=signed_in(request)).first()
    if config is None:
        raise NotFound("Plex is not connected yet. Connect it with POST /api/plex/config.")
    return config


def describe(config: PlexConfig, request: Request) -> Response:
    """The connection as its owner may see it: with the webhook address, never with the token."""
    described = ConfigSerializer(config, context={"request": request}).data
    # The address holds the secret, which no cache is to keep.
    return Response(described, headers={"Cache-Control": "no-store"})


class ConfigView(APIView):
    @extend_schema(
        operation_id="plex_config_read",
        summary="Your connection to Plex",
        responses={200: ConfigSerializer, 404: ErrorSerializer},
    )
    def get(self, request: Request) -> Response:
        return describe(own_config(request), request)

    @extend_schema(
        operation_id="plex_config_save",
        summary="Connect Plex, or change the connection",
        description="The token is needed the first time only. What is left out stays as it is.",
        request=ConfigChangeSerializer,
        responses={200: ConfigSerializer, 400: ErrorSerializer},
    )
    def post(self, request: Request) -> Response:
        change = ConfigChangeSerializer(data=request.data)
        change.is_valid(raise_exception=True)
        user = signed_in(request)
        config = PlexConfig.objects.filter(user=user).first()
        has_token = config is not None and token_state(config) == "set"
        if not has_token and "plex_token" not in change.validated_data:
            raise ValidationError({"plex_token": "Send your Plex token: none is kept yet."})
        config = save_settings(connect(user), **change.validated_data)
        return describe(config, request)

    @extend_schema(
        operation_id="plex_config_disable",
        summary="Switch the Plex integration off",
        description="What was watched and which show is which stays. POST enabled=true to go on.",
        responses={204: None, 404: ErrorSerializer},
    )
    def delete(self, request: Request) -> Response:
        disconnect(own_config(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class StatsView(APIView):
    @extend_schema(
        operation_id="plex_stats",
        summary="How your Plex integration does",
        responses={200: StatsSerializer},
    )
    def get(self, request: Request) -> Response:
        # A connection that is not there yet has a report too: zeros.
        return Response(StatsSerializer(stats(PlexConfig(user=signed_in(request)))).data)
