"""Plex's history and library as a source of events: the catch-up, the scan, the daily comparison."""
