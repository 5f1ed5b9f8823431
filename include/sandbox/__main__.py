"""`python -m include.sandbox`."""

from include.sandbox.cli import run

if __name__ == "__main__":
    run()
