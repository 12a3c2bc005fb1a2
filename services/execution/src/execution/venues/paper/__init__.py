"""The paper venue: a simulated chain that fills from the prints of a feed, without flattery."""
