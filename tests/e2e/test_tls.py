# SPDX-License-Identifier: Apache-2.0
"""TLS on both legs (TLS-1 to TLS-4, TLS-6), against Python's ssl, openssl and tshark."""
import datetime
import socket
import ssl
import stat
import subprocess
import unittest

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from certificates import DAY, CertificateAuthority, openssl
from frame_bytes import MASK, TEXT, close, frame, masked
from raw_peers import in_background, tunnel_by_connect, trusting, upgrade_request, upgrade_response, WAIT
from wire_capture import Wire
from wstap_testing import TestCase, environment, run


class Intercepted(TestCase):
    def setUp(self):
        self.authority = self.enterContext(CertificateAuthority())
        self.trust = run("ca", "path").stdout.strip()
        self.tap = None

    def tls_listener(self, *names, **options):
        return self.listener(tls=self.authority.server(*(names or ("localhost",)), **options))

    def start(self, *args):
        self.tap = self.proxy("--upstream-ca", self.authority.file, *args)

    def handshake(self, listener, target, name, context=None):
        """@return both ends, after TLS: client, server."""
        upstream = in_background(listener.accept)
        client = tunnel_by_connect(self.tap, target)
        self.enterContext(client)
        client = self.enterContext(client.start_tls(context or trusting(self.trust), name))
        return client, upstream.result(WAIT)

    def leaf(self, client):
        return x509.load_der_x509_certificate(client.sock.getpeercert(binary_form=True))

    def upgrade(self, client, server):
        client.send(upgrade_request("localhost"))
        server.head()
        server.send(upgrade_response())
        self.assertEqual(client.status(), 101)

    def end(self, client, server):
        client.send(close(1000, mask=MASK))
        server.frame()
        server.send(close(1000))
        client.frame()
        server.close()
        client.close()


def names_of(certificate):
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return set(names.get_values_for_type(x509.DNSName)) | {str(a) for a in names.get_values_for_type(x509.IPAddress)}


class Leaves(Intercepted):
    # TLS-1: for the SNI name, with the upstream's names; made once; P-256; for some days
    def test_name_what_the_upstream_names(self):
        listener = self.tls_listener("localhost", "*.example.test", "127.0.0.1")
        self.start()
        client, server = self.handshake(listener, f"localhost:{listener.port}", "localhost")
        leaf = self.leaf(client)
        self.assertEqual(names_of(leaf), {"localhost", "*.example.test", "127.0.0.1"})
        self.assertIsInstance(leaf.public_key().curve, ec.SECP256R1)
        self.assertLessEqual(leaf.not_valid_after - leaf.not_valid_before, datetime.timedelta(days=30))
        again, _ = self.handshake(listener, f"localhost:{listener.port}", "localhost")
        self.assertEqual(self.leaf(again), leaf)

    # TLS-1: the name the client asks for counts, not the one it connects to; the upstream is asked for the same
    def test_name_what_the_client_asks_for(self):
        asked = []
        context = self.authority.server("www.example.test")
        context.sni_callback = lambda _, name, __: asked.append(name)
        listener = self.listener(tls=context)
        self.start()
        client, _ = self.handshake(listener, f"127.0.0.1:{listener.port}", "www.example.test")
        self.assertEqual(names_of(self.leaf(client)), {"www.example.test"})
        self.assertEqual(asked, ["www.example.test"])

    # TLS-1: no SNI: the CONNECT host, which may be an address
    def test_name_an_address(self):
        for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            with self.subTest(host):
                listener = self.listener(family=family, tls=self.authority.server(host))
                self.start()
                client, server = self.handshake(listener, listener.target, host)
                self.assertEqual(names_of(self.leaf(client)), {host})
                self.upgrade(client, server)
                self.end(client, server)

    # TLS-1: whoever trusts the authority takes the leaf: OpenSSL's own rules say so
    def test_are_accepted_by_openssl(self):
        listener = self.tls_listener()
        self.start()
        client, _ = self.handshake(listener, f"localhost:{listener.port}", "localhost")
        pem = self.path("leaf.pem")
        pem.write_text(ssl.DER_cert_to_PEM_cert(client.sock.getpeercert(binary_form=True)))
        self.assertIn("OK", openssl("verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", "localhost",
                                    "-CAfile", self.trust, pem))


class Untrusted(Intercepted):
    def assert_refused(self, listener, host, reason, *args):
        """The client gets a 502 inside TLS, and the record of a failed connection is there."""
        self.start(*args)

        def refuse():
            try:
                listener.accept()
            except (ssl.SSLError, OSError):
                pass
        upstream = in_background(refuse)
        client = tunnel_by_connect(self.tap, f"{host}:{listener.port}").start_tls(trusting(self.trust), host)
        self.enterContext(client)
        upstream.result(WAIT)
        client.send(upgrade_request(host))
        self.assertEqual(client.status(), 502)
        self.assertRegex(client.rest().decode(), reason)
        record = self.tap.flow()
        self.assertEqual((record["kind"], record["url"]), ("failed", f"wss://{host}/chat"))
        self.assertRegex(record["reason"], reason)
        self.assertEqual(record["client"]["tls"]["version"], "TLSv1.3")

    # TLS-3, FLOW-4
    def test_upstream_with_an_unknown_issuer(self):
        stranger = self.enterContext(CertificateAuthority("Stranger"))
        self.assert_refused(self.listener(tls=stranger.server("localhost")), "localhost", "issuer certificate")

    def test_upstream_with_another_name(self):
        self.assert_refused(self.tls_listener("other.example"), "localhost", "(?i)host ?name mismatch")

    def test_upstream_whose_certificate_has_expired(self):
        self.assert_refused(self.tls_listener("localhost", age=40 * DAY), "localhost", "expired")

    def test_upstream_that_does_not_speak_tls(self):
        listener = self.listener()
        self.start()
        upstream = listener.serve(lambda server: server.read(1) and server.send("HTTP/1.1 400 Bad Request\r\n\r\n"))
        client = tunnel_by_connect(self.tap, f"localhost:{listener.port}").start_tls(trusting(self.trust), "localhost")
        self.enterContext(client)
        upstream.result(WAIT)
        client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.assertEqual(client.status(), 502)

    # TLS-3, FLOW-4: once for the server, and once for each request
    def test_request_is_told_once(self):
        stranger = self.enterContext(CertificateAuthority("Stranger"))
        listener = self.listener(tls=stranger.server("localhost"))
        self.start()
        upstream = in_background(listener.accept)
        client = tunnel_by_connect(self.tap, f"localhost:{listener.port}").start_tls(trusting(self.trust), "localhost")
        self.enterContext(client)
        upstream.exception(WAIT)
        client.send(f"GET /page HTTP/1.1\r\nHost: localhost:{listener.port}\r\n\r\n")
        self.assertEqual(client.status(), 502)
        client.rest()
        self.assertEqual(self.tap.stop(), 0)
        told = [line for line in self.tap.lines if "issuer certificate" in line]
        self.assertEqual(len(told), 2, told)
        self.assertIn(f": localhost:{listener.port}: ", told[0])
        self.assertIn(f": https://localhost:{listener.port}/page failed: ", told[1])

    # TLS-3
    def test_upstream_is_accepted_when_asked_to(self):
        stranger = self.enterContext(CertificateAuthority("Stranger"))
        listener = self.listener(tls=stranger.server("whatever.example"))
        self.tap = self.proxy("-k")
        client, server = self.handshake(listener, f"localhost:{listener.port}", "localhost")
        self.upgrade(client, server)
        self.end(client, server)
        self.assertEqual(self.tap.flow()["server"]["tls"]["certificate"]["issuer"], "CN=Stranger")

    # TLS-3, FLOW-4: the client does not take wstap's leaf
    def test_client_that_distrusts(self):
        listener = self.tls_listener()
        self.start()
        upstream = in_background(listener.accept)
        client = tunnel_by_connect(self.tap, f"localhost:{listener.port}")
        self.enterContext(client)
        with self.assertRaises(ssl.SSLCertVerificationError):
            client.start_tls(trusting(self.authority.file), "localhost")
        upstream.result(WAIT)
        record = self.tap.flow()
        self.assertEqual(record["kind"], "failed")
        self.assertIn("trust", record["reason"])
        self.tap.wait_for_line("TLS with the client")

    # TLS-3, FLOW-4: a handshake that wstap itself cannot go on with is not blamed on trust
    def test_client_that_speaks_an_old_version(self):
        listener = self.tls_listener()
        self.start()
        upstream = in_background(listener.accept)
        client = tunnel_by_connect(self.tap, f"localhost:{listener.port}")
        self.enterContext(client)
        context = trusting(self.trust)
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_1
        with self.assertRaises(ssl.SSLError):
            client.start_tls(context, "localhost")
        reason = self.tap.flow()["reason"]
        self.assertNotIn("trust", reason)
        self.assertRegex(reason, "protocol|version")
        upstream.exception(WAIT)

    # TLS-3, FLOW-4: nor does a client of --reverse
    def test_client_of_a_server_that_distrusts(self):
        tap = self.proxy("--reverse", f"wss://localhost:{self.tls_listener().port}", "--upstream-ca", self.authority.file)
        with self.assertRaises(ssl.SSLCertVerificationError):
            self.connect(tap.address).start_tls(trusting(self.authority.file), "localhost")
        record = tap.flow()
        self.assertEqual((record["kind"], record["url"].split(":")[0]), ("failed", "localhost"))
        self.assertIn("trust", record["reason"])

    # CLI-2: an authority for upstreams that cannot be read
    def test_upstream_authority_that_is_no_file(self):
        done = run("proxy", "--listen", "127.0.0.1:0", "--upstream-ca", "/no/such/file", status=4)
        self.assertRegex(done.stderr, r"^wstap proxy: .*/no/such/file.*\n$")


class Facts(Intercepted):
    # TLS-4
    def test_of_both_legs(self):
        listener = self.tls_listener(alpn=["http/1.1"])
        self.start()
        for number in (1, 2):
            client, server = self.handshake(listener, f"localhost:{listener.port}", "localhost",
                                            trusting(self.trust, alpn=["h2", "http/1.1"]))
            peer, near = server.sock.cipher(), client.sock.cipher()
            self.upgrade(client, server)
            self.end(client, server)
        flows = [self.tap.flow(n) for n in (1, 2)]
        ours, theirs = flows[0]["client"]["tls"], flows[0]["server"]["tls"]
        self.assertEqual((ours["version"], ours["cipher"], ours["sni"]), ("TLSv1.3", near[0], "localhost"))
        self.assertEqual((theirs["version"], theirs["cipher"], theirs["sni"]), ("TLSv1.3", peer[0], "localhost"))
        # Fingerprints are the client's, not the connection's.
        self.assertRegex(ours["ja3"], r"^[0-9a-f]{32}$")
        self.assertRegex(ours["ja4"], r"^t13d\d{4}h2_[0-9a-f]{12}_[0-9a-f]{12}$")
        self.assertEqual([(f["client"]["tls"]["ja3"], f["client"]["tls"]["ja4"]) for f in flows],
                         [(ours["ja3"], ours["ja4"])] * 2)
        certificate = theirs["certificate"]
        self.assertEqual((certificate["subject"], certificate["issuer"], certificate["names"]),
                         ("CN=localhost", "CN=Test CA", ["localhost"]))
        self.assertLess(certificate["not_before"], flows[0]["start"])
        self.assertGreater(certificate["not_after"], flows[0]["end"])

    # TLS-4: the fingerprint is what openssl says of the server's certificate
    def test_of_the_certificate(self):
        file = self.authority.certificate("localhost")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        listener = self.listener(tls=context)
        self.start()
        client, server = self.handshake(listener, f"localhost:{listener.port}", "localhost")
        self.upgrade(client, server)
        self.end(client, server)
        said = openssl("x509", "-in", file, "-noout", "-fingerprint", "-sha256").split("=")[1].strip()
        self.assertEqual(self.tap.flow()["server"]["tls"]["certificate"]["sha256"], said.replace(":", "").lower())

    # TLS-4: TLS 1.2 on both legs
    def test_of_an_older_version(self):
        listener = self.tls_listener(newest=ssl.TLSVersion.TLSv1_2)
        self.start()
        client, server = self.handshake(listener, f"localhost:{listener.port}", "localhost",
                                        trusting(self.trust, maximum_version=ssl.TLSVersion.TLSv1_2))
        self.upgrade(client, server)
        self.end(client, server)
        flow = self.tap.flow()
        self.assertEqual([flow[leg]["tls"]["version"] for leg in ("client", "server")], ["TLSv1.2"] * 2)
        self.assertTrue(flow["client"]["tls"]["ja4"].startswith("t12d"))

    # TLS-6: the client is offered what the upstream chose
    def test_alpn_is_mirrored(self):
        for upstream, wanted in ((["http/1.1"], "http/1.1"), (["h2", "http/1.1"], "h2"), (None, None)):
            with self.subTest(upstream):
                listener = self.tls_listener(alpn=upstream)
                self.start()
                client, server = self.handshake(listener, f"localhost:{listener.port}", "localhost",
                                                trusting(self.trust, alpn=["h2", "http/1.1"]))
                self.assertEqual(client.sock.selected_alpn_protocol(), wanted)
                self.assertEqual(server.sock.selected_alpn_protocol(), wanted)

    # FRM-7: a TLS end without close_notify
    def test_truncated_end_is_noted(self):
        listener = self.tls_listener()
        self.start()
        client, server = self.handshake(listener, f"localhost:{listener.port}", "localhost")
        self.upgrade(client, server)
        client.send(masked(TEXT, b"x"))
        server.frame()
        client.finish()  # of the TCP connection
        self.assertEqual(server.ending(), "eof")
        server.close()
        flow = self.tap.flow()
        self.assertEqual((flow["state"], flow["close_code"], set(flow["notes"])), ("complete", 1006, {"tls_truncated"}))


class KeyLog(Intercepted):
    # TLS-6: what was logged opens the recorded bytes of both legs
    def test_decrypts_both_legs(self):
        listener = self.tls_listener()
        upstream_wire = self.enterContext(Wire(listener.address))
        by_option, by_environment = self.path("keys"), self.path("keys")
        tap = self.proxy("--reverse", f"wss://localhost:{upstream_wire.port}", "--upstream-ca", self.authority.file,
                         "--keylog", by_option, env={"SSLKEYLOGFILE": str(by_environment)})
        client_wire = self.enterContext(Wire(tap.address))
        upstream = in_background(listener.accept)
        client = self.connect(client_wire.address).start_tls(trusting(self.trust), "localhost")
        self.enterContext(client)
        client.send(upgrade_request("localhost"))
        server = upstream.result(WAIT)
        server.head()
        server.send(upgrade_response())
        client.status()
        client.send(masked(TEXT, b"secret question"))
        server.frame()
        server.send(frame(TEXT, b"secret answer"))
        client.frame()
        self.end(client, server)
        tap.flow()

        for file in (by_option, by_environment):
            self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
            lines = [line.split() for line in file.read_text().splitlines()]
            self.assertEqual({line[1] for line in lines}, {w.sent()[11:43].hex() for w in (client_wire, upstream_wire)})
            self.assertIn("CLIENT_TRAFFIC_SECRET_0", {line[0] for line in lines})
        for wire in (client_wire, upstream_wire):
            pcap = self.path("leg.pcap")
            wire.write(pcap)
            shown = subprocess.run(["tshark", "-r", pcap, "-o", f"tls.keylog_file:{by_option}", "-V"],
                                   capture_output=True, text=True, timeout=WAIT, env=environment()).stdout
            for text in ("GET /chat HTTP/1.1", "secret question", "secret answer"):
                self.assertIn(text, shown)


if __name__ == "__main__":
    unittest.main()
