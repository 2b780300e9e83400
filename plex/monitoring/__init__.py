"""How the integration does: figures, alarms, and what monitors ask for."""
