"""Broken, hostile and merely odd requests to the webhook, made from a seed; `make fuzz`."""
