"""GitHub over REST: the App, its installations, and what we do there as verbs."""
