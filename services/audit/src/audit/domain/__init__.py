"""What is pure in the audit: rows, the chain, projections, comparisons."""
