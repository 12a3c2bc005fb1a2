"""The addresses: each handler reads a request, asks a use case, and shapes the answer."""
