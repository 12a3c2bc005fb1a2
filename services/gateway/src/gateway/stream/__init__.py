"""The live stream: every event of the log once and in order, and the newest of what moves fast."""
