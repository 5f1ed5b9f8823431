"""A local NetSuite over HTTP, strict where the real one is strict. Start it with `python -m include.sandbox`."""
