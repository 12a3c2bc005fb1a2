"""The engine on a chain that goes on by itself: wall time, RPC nodes, and a key that signs."""
