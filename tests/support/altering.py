# SPDX-License-Identifier: Apache-2.0
"""altering_proxy, a proxy that alters messages by how they begin (altering_proxy.cpp says how), and what it makes of them.

It is built with the tests, starts and stops as every Program does, and takes the options of `wstap proxy` and some of its own.
"""
import os
import random

from conversations import messages
from wstap_testing import Proxy, TestCase, WSTAP, frames, inspect

TEXT_TAGS = ("drop:", "change:", "changed:", "inject:")
BINARY_TAGS = (b"\1", b"\2", b"\x82", b"\3")
INJECTED = "injected"


class AlteringProxy(Proxy):
    def command_line(self, _):
        return [os.path.join(os.path.dirname(WSTAP), "tests", "altering_proxy")]


def altered(message, compressed=True):
    """@return the messages that arrive of one that was sent. Uncompressed, its first frame decides."""
    if isinstance(message, list):
        judged, rest = ("".join(message), "") if compressed else (message[0], "".join(message[1:]))
        arrived = altered(judged)
        if arrived:
            arrived[len(arrived) // 2] += rest
        return arrived
    drop, change, changed, inject = TEXT_TAGS if isinstance(message, str) else BINARY_TAGS
    if message.startswith(drop):
        return []
    if message.startswith(change):
        rest = message[len(change):]
        return [changed + rest + rest]
    if message.startswith(inject):
        return [INJECTED, message, INJECTED.encode()]
    return [message]


def all_altered(sent, compressed=True):
    return [arrived for message in sent for arrived in altered(message, compressed)]


def tagged(count, seed):
    """Random messages, half of which are to be altered."""
    chance = random.Random(seed)
    for message in messages(count, seed):
        first = message[0] if isinstance(message, list) else message
        drop, change, _, inject = TEXT_TAGS if isinstance(first, str) else BINARY_TAGS
        tag = chance.choice((drop, change, inject, first[:0], first[:0], first[:0]))
        yield [tag + first, *message[1:]] if isinstance(message, list) else tag + message


class AlteringTest(TestCase):
    def altering(self, *args):
        return self.enterContext(AlteringProxy(*args))

    def check_capture(self, capture, flows=1):
        """Every frame's fate is known (FLOW-3), and nothing on the way was wrong."""
        listed = inspect(capture, "--flows")
        self.assertEqual(len(listed), flows)
        self.assertEqual([f for f in listed if f["state"] != "complete" or "anomalies" in f], [])
        recorded = frames(capture)
        self.assertEqual([r for r in recorded if r["verdict"] in ("pending", "unresolved")], [])
        self.assertEqual({r["cause"] for r in recorded if "cause" in r} - {"altering", "recompressed"}, set())
        return recorded
