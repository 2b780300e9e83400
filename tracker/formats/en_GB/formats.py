"""Dates and times of the admin, short as in the lists of the pages: Django's British times are "2:58 p.m."."""

from __future__ import annotations

DATE_FORMAT = "j M Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "j M Y, H:i"
