"""The language between services: events, ids, values, subjects and the codec.

Everything here is pure: no IO, no clock, no randomness. Services import it; it imports no service.
"""
