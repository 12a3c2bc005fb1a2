"""Signing in with a wallet: challenges, sessions, cookies."""
