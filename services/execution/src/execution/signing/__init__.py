"""Who signs: on paper nobody's key, for a chain the policy signer."""
