"""Whether the container's internal port answers 200 at a path; the exit status is the answer.

    python -S -E healthy.py /health/live

A bare socket: this starts every few seconds in every container, and an HTTP client's imports would cost more than the check.
"""

import os
import socket
import sys

with socket.create_connection(
    ("127.0.0.1", int(os.environ["OSLIRA_INTERNAL_PORT"])), timeout=3
) as connection:
    connection.sendall(f"GET {sys.argv[1]} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
    status_line = connection.makefile("rb").readline()
sys.exit(status_line.split(b" ")[1:2] != [b"200"])
