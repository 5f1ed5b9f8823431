"""Ports on loopback."""

import socket

from include.local_stack.errors import PortTakenError

LOOPBACK = "127.0.0.1"


def is_free(port: int) -> bool:
    """Whether a server of ours could listen on this loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port(preferred: int, *, attempts: int = 50) -> int:
    """The first free loopback port from `preferred` upwards.

    Raises:
        PortTakenError: none of `attempts` ports in a row is free.
    """
    for port in range(preferred, preferred + attempts):
        if is_free(port):
            return port
    raise PortTakenError(
        f"No free port on {LOOPBACK} from {preferred} to {preferred + attempts - 1}. "
        "End what listens there (`ss -ltnp` lists it) and try again."
    )
