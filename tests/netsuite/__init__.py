"""The NetSuite client: unit tests, real HTTP against scripted answers, and the sandbox."""
