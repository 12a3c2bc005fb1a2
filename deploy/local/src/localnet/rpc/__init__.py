"""JSON-RPC 2.0 as a Solana node speaks it, over HTTP and WebSocket."""
