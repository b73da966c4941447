# SPDX-License-Identifier: Apache-2.0
"""What tests of `wstap inspect -w` have in common (INS-6)."""
import json
import pathlib
import tempfile
import unittest

import sample_session
from command_line import wstap


def lines(capture, *args, kind="frame"):
    """@return the objects of the lossless form that are of a kind, or all, but for the name of the capture."""
    said = wstap("inspect", "--format", "jsonl", *args, capture)
    if said.status:
        raise AssertionError(said.err)
    found = [json.loads(line) for line in said.out.splitlines()]
    return [{key: value for key, value in each.items() if key != "capture"} for each in found
            if kind in (None, each["type"])]


def shown(capture, *args):
    """@return the lines of a listing, without the colours and what the file is called."""
    return wstap("inspect", *args, capture).out


class Extracts(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="wstap-extract-")
        cls.addClassCleanup(directory.cleanup)
        cls.shared = pathlib.Path(directory.name)
        cls.sample = cls.shared / "sample.wstap"
        sample_session.record(cls.sample)

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="wstap-extract-")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def write(self, *args, status=0, name="out.wstap"):
        """@return the new capture."""
        out = self.directory / name
        said = wstap("inspect", "-q", "-w", out, *args)
        self.assertEqual((said.status, said.out), (status, ""), said.err)
        return out

    def check(self, capture, expression, *args):
        """Every frame that is kept reads as before, and what is taken out of it once more is the same. @return it"""
        kept = self.write(capture, "-Y", expression, *args)
        expected = lines(kept, kind=None)
        if not args:
            self.assertEqual([each for each in expected if each["type"] == "frame"], lines(capture, "-Y", expression))
        again = self.write(kept, "-Y", expression, *args, name="again.wstap")
        everything = self.write(kept, name="everything.wstap")
        self.assertEqual(lines(again, kind=None), expected)
        self.assertEqual(lines(everything, kind=None), expected)
        again.unlink()
        everything.unlink()
        return kept
