"""Which episode of a show was played: pure, with evidence. `match` decides; the others are its parts."""
