"""Who is let in, and how often: between the edge and the routes."""
