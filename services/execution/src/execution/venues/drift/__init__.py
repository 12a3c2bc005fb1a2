"""Drift and what has its layouts: what our account is there, and how we speak to the program."""
