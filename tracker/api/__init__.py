"""The HTTP API of the tracker; docs/api.md lists its calls, /api/docs shows them."""
