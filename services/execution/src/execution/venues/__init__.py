"""Where orders go: the port, and one adapter per venue behind it."""
