# SPDX-License-Identifier: Apache-2.0
"""`wstap ca` (TLS-2): the authority is made on first use, and its certificate, without its key, gets out in every form.
Also what `wstap echo` does with it."""
import hashlib
import pathlib
import re
import ssl
import tempfile
import unittest

from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12

from command_line import wstap
from frame_bytes import BINARY, CLOSE, MASK, PING, PONG, TEXT, close, frame, masked
from raw_peers import trusting, upgrade_request
from wstap_testing import TestCase


class Ca(TestCase):
    def setUp(self):
        self.data = self.enterContext(tempfile.TemporaryDirectory(prefix="wstap-cli-"))

    def ca(self, *args, binary=False, status=0):
        said = wstap("ca", *args, env={"XDG_DATA_HOME": self.data}, binary=binary)
        self.assertEqual((said.status, said.err), (status, ""))
        return said.out

    def path(self):
        return pathlib.Path(self.ca("path").removesuffix("\n"))

    def test_made_on_first_use(self):
        certificate = pathlib.Path(self.data, "wstap", "wstap-ca.pem")
        self.assertFalse(certificate.exists())
        self.assertEqual(self.path(), certificate)
        self.assertEqual(certificate.parent.stat().st_mode & 0o777, 0o700)
        self.assertEqual(certificate.with_name("wstap-ca.key").stat().st_mode & 0o777, 0o600)
        made = certificate.read_bytes()
        self.ca("show")
        self.assertEqual(certificate.read_bytes(), made)

    def test_show(self):
        der = ssl.PEM_cert_to_DER_cert(self.path().read_text())
        self.assertRegex(self.ca("show"), re.compile(
            rf"\Acertificate: {self.path()}\nsubject: CN=wstap CA \(.*, [0-9a-f]{{8}}\)\n"
            rf"valid from: \S+Z\nvalid until: \S+Z\nsha256: {hashlib.sha256(der).hexdigest()}\n\Z"))

    def test_exports_are_the_same_certificate(self):
        pem = self.path().read_text()
        der = ssl.PEM_cert_to_DER_cert(pem)
        self.assertEqual(self.ca("export"), pem)
        self.assertEqual(self.ca("export", "--format", "pem"), pem)
        self.assertEqual(self.ca("export", "--format", "der", binary=True), der)
        for password in ("", "secret"):
            key, certificate, others = pkcs12.load_key_and_certificates(
                self.ca("export", "--format", "p12", "--password", password, binary=True), password.encode())
            with self.subTest(password=password):
                self.assertIsNone(key)
                self.assertEqual([c for c in [certificate, *others] if c], [x509.load_der_x509_certificate(der)])

    def test_ones_own(self):
        mine, key = self.path(), self.path().with_name("wstap-ca.key")
        self.data = self.enterContext(tempfile.TemporaryDirectory(prefix="wstap-cli-"))
        self.assertEqual(self.ca("--ca-cert", mine, "--ca-key", key, "export"), mine.read_text())
        self.assertEqual(self.ca("path", "--ca-cert", mine, "--ca-key", key), f"{mine}\n")
        self.assertFalse(pathlib.Path(self.data, "wstap").exists())


class EchoServer(TestCase):
    """Every promise of wstap-echo(1)."""

    def open(self, echo, context=None, extra=""):
        client = self.connect(echo.address)
        if context:
            client = client.start_tls(context, "localhost")
        self.addCleanup(client.close)
        client.send(upgrade_request("localhost", extra=extra))
        return client, client.head().decode()

    def test_frames_come_back_as_they_were(self):
        client, _ = self.open(self.echo())
        for sent, answer in ((masked(TEXT, b"one"), frame(TEXT, b"one")),
                             (masked(TEXT, b"fr", fin=False), frame(TEXT, b"fr", fin=False)),
                             (masked(PING, b"now?"), frame(PONG, b"now?")),
                             (masked(0, b"ag"), frame(0, b"ag")),
                             (masked(BINARY, bytes(70000)), frame(BINARY, bytes(70000))),
                             (masked(CLOSE, b"\x03\xe9why"), frame(CLOSE, b"\x03\xe9why"))):
            client.send(sent)
            self.assertEqual(client.read(len(answer)), answer)
        self.assertEqual(client.rest(), b"")

    def test_subprotocol_and_extensions(self):
        _, head = self.open(self.echo(), extra="Sec-WebSocket-Protocol: chat, superchat\r\n"
                                               "Sec-WebSocket-Extensions: permessage-deflate\r\n")
        self.assertIn("\r\nSec-WebSocket-Protocol: chat\r\n", head)
        self.assertNotIn("Extensions", head)

    def test_source(self):
        client, _ = self.open(self.echo("--source", "3", "--size", "10"))
        expected = frame(BINARY, b"x" * 10) * 3 + close(1000, b"done")
        self.assertEqual(client.read(len(expected)), expected)
        client.send(close(1000, mask=MASK))
        self.assertEqual(client.rest(), b"")

    def test_page_for_a_browser(self):
        client = self.connect(self.echo().address)
        client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.assertIn(b"<input", client.rest())

    # RFC 9110 9.3.2
    def test_head_of_the_page(self):
        echo = self.echo()
        replies = []
        for method in ("GET", "HEAD"):
            client = self.connect(echo.address)
            client.send(f"{method} / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            replies.append(client.rest().partition(b"\r\n\r\n"))
        self.assertEqual(replies[1], (*replies[0][:2], b""))

    # RFC 6455 5.5
    def test_control_frames_that_break_the_rules(self):
        echo = self.echo()
        for opcode in (PING, PONG, CLOSE):
            for broken in (masked(opcode, bytes(126)), masked(opcode, b"\x03\xe8", fin=False)):
                with self.subTest(opcode=opcode, broken=broken[:2]):
                    client, _ = self.open(echo)
                    client.send(broken)
                    self.assertEqual(client.rest(), close(1002))
        client, _ = self.open(echo)
        client.send(masked(PING, bytes(125)))
        self.assertEqual(client.frame().payload, bytes(125))

    def test_tls_with_a_certificate_of_the_authority(self):
        trust = trusting(wstap("ca", "path").out.removesuffix("\n"))
        client, _ = self.open(self.echo("--tls"), trust)
        client.send(masked(TEXT, b"hidden", mask=MASK))
        self.assertEqual(client.frame().payload, b"hidden")

    def test_name_in_the_certificate(self):
        trust = trusting(wstap("ca", "path").out.removesuffix("\n"))
        client = self.connect(self.echo("--tls", "--name", "echo.example").address)
        client.start_tls(trust, "echo.example").close()


if __name__ == "__main__":
    unittest.main()
