"""What the Drift program expects: addresses, layouts, instructions, and a world."""
