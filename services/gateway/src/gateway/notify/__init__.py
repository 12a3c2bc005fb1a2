"""Telling people who do not look at the page. Never on the trading path."""
