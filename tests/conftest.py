"""What every test needs: properties take the time that a busy machine gives them."""

from hypothesis import settings

settings.register_profile("desk", deadline=None)
settings.load_profile("desk")
