"""The paper venue: fills from the prints of a feed, without money and without flattery."""
