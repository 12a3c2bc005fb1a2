"""The venues that hold an account's orders, by name."""

PAPER = "paper"
"""A simulated chain inside of execution."""
ON_CHAIN = ("localnet", "devnet", "mainnet")
"""The program on a chain of its own, on Solana's test network, and where money is real."""
VENUES = (PAPER, *ON_CHAIN)
