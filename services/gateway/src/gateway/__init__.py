"""Who may ask what: the API, the live stream and the page of one local account."""
