"""Where ticks come from: recordings, the synthetic market, the exchange."""
