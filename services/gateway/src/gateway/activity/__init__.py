"""What happened, for a person who looks back: pages, filters, and the export."""
