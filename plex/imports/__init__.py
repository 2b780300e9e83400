"""What a person starts for a whole Plex library: past watches, and shows that were ticked."""
