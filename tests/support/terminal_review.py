# SPDX-License-Identifier: Apache-2.0
"""A person who reviews at a terminal, with an editor that a test writes."""
import pathlib
import re
import tempfile

from conversation import Conversation
from held_frames import HeldTest

PROMPT = r"\d+s(, \d+ wait)? \[r,d,e,h,(c,)?a,n,v,s,q,\?\]\? "
IDLE = r"nothing is held \(q: quit\) "


class Reviewing(HeldTest):
    def setUp(self):
        super().setUp()
        self.files = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="wstap-review-")))

    def review(self, *args, editor=None, env=None, **options):
        variables = {"TMPDIR": str(self.files), "VISUAL": "", "EDITOR": "", "TERM": "dumb"} | (env or {})
        if editor is not None:
            script = self.files / "editor"
            script.write_text(f"#!/bin/sh\n{editor}\n")
            script.chmod(0o700)
            variables["EDITOR"] = str(script)
        return self.enterContext(Conversation(*self.arguments(*args), env=variables, **options))

    def end(self, person, status=0):
        self.assertEqual(person.wait(), status)
        self.assertEqual(person.mode(), person.before)
        # Beyond line ends and what takes a prompt back, nothing acts on the terminal (INS-5).
        self.assertIsNone(re.search(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f]", person.shown), repr(person.shown))
