#!/usr/bin/python3
"""notify_log.py SOCKET: what a service says to its manager, sd_notify(3), a line an assignment, each with the time in ms."""
import socket
import sys
import time

listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind(sys.argv[1])
while True:
    for line in listener.recv(4096).decode().splitlines():
        print(int(time.monotonic() * 1000), line, flush=True)
