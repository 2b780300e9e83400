"""How fast it is: `make bench`. The method and what came out stand in docs/performance.md."""
