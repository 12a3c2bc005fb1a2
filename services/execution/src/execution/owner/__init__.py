"""What the owner of a sub-account signs: written, and read when it comes back."""
