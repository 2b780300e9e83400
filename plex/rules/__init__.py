"""What people said in advance about Plex shows: the ruling (pure), its form, its trial on past events."""
