"""How Plex numbers a show: other orders, what fits them, and what people say about it."""
