"""The HTTP API of the Plex integration; docs/api.md lists its calls, /api/docs shows them."""
