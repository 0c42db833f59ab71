#!/usr/bin/python3
"""bad_cable.py TTY LINK MODE_FILE: a serial cable between an adapter on TTY and a pseudo terminal at LINK.

What comes from the adapter passes as MODE_FILE says: good, silent, garbage (noise, over-long lines and BEL between the
frames), cut (half of the frames broken off in the middle). Commands to the adapter always pass. Ends when TTY is closed.
"""
import os
import pty
import random
import select
import sys
import time
import tty

NOISE = random.Random(331023)


def open_tty(path):
    while True:
        try:
            fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            tty.setraw(fd)
            return fd
        except OSError:
            time.sleep(0.05)


def mode_of(path):
    try:
        with open(path, encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return "good"


def spoil(data, mode):
    if mode == "silent":
        return b""
    if mode == "garbage" and NOISE.random() < 0.5:
        return data + NOISE.choice([b"\x07", bytes(NOISE.randrange(256) for _ in range(40)), b"t" * 300 + b"\r"])
    if mode == "cut" and len(data) > 4 and NOISE.random() < 0.5:
        return data[:NOISE.randrange(1, len(data))]
    return data


def relay(adapter, master, mode_path):
    while True:
        ready, _, _ = select.select([adapter, master], [], [], 0.2)
        mode = mode_of(mode_path)
        if adapter in ready:
            data = os.read(adapter, 4096)
            if not data:
                return
            data = spoil(data, mode)
            while data:  # nobody may be reading: then the line is as good as cut
                try:
                    data = data[os.write(master, data):]
                except BlockingIOError:
                    break
        if master in ready:
            try:
                os.write(adapter, os.read(master, 4096))
            except OSError:
                time.sleep(0.05)  # the other end is closed for the moment


def main(path, link, mode_path):
    adapter = open_tty(path)
    master, slave = pty.openpty()  # the slave stays open here, so that a reader may come and go
    tty.setraw(slave)
    os.set_blocking(master, False)
    if os.path.lexists(link):
        os.unlink(link)
    os.symlink(os.ttyname(slave), link)
    try:
        relay(adapter, master, mode_path)
    except OSError:
        pass  # the adapter was pulled out: the simulator has ended


if len(sys.argv) != 4:
    sys.exit(__doc__)
main(*sys.argv[1:])
