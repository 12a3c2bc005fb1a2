"""A seeded market that does on purpose what a real one does by chance.

Only +, −, × and ÷ on floats, and chance given as values: so equal seeds give equal bytes on every
machine.
"""
