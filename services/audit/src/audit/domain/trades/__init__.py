"""What became of every setup: placements, fills, markouts, slippage and money. Pure."""
