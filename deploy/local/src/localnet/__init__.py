"""A private Solana on loopback, with the real Drift program: for development and tests.

A virtual machine (LiteSVM) executes; what a cluster adds to it stands here: slots, blocks,
blockhashes that expire, priority fees, commitments, a history, an index of accounts, JSON-RPC and
WebSocket. Nothing here talks to anything but loopback, and no trading service imports it.
"""
