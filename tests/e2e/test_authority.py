# SPDX-License-Identifier: Apache-2.0
"""wstap's own certificate authority (TLS-2): where it is, what it is exported as, one that is brought along, and one that cannot
be used; against openssl."""
import os
import stat
import subprocess
import unittest

from cryptography.hazmat.primitives.serialization import pkcs12

from certificates import CertificateAuthority, openssl
from raw_peers import in_background, tunnel_by_connect, trusting, WAIT
from wstap_testing import TestCase, WSTAP, environment, run


class Authority(TestCase):
    # TLS-2: made on first use, for this user only
    def test_is_private_and_unique(self):
        keys = set()
        for name in ("one", "two"):
            home = self.path(name)
            path = subprocess.run([WSTAP, "ca", "path"], env=environment(XDG_DATA_HOME=str(home)), timeout=WAIT,
                                  capture_output=True, text=True, check=True).stdout.strip()
            self.assertEqual(os.path.dirname(path), f"{home}/wstap")
            self.assertEqual(stat.S_IMODE(os.stat(f"{home}/wstap").st_mode), 0o700)
            key = f"{home}/wstap/wstap-ca.key"
            self.assertEqual(stat.S_IMODE(os.stat(key).st_mode), 0o600)
            keys.add(openssl("pkey", "-in", key, "-pubout"))
        self.assertEqual(len(keys), 2)

    # TLS-2: every form is the same certificate
    def test_is_exported_in_every_form(self):
        pem = run("ca", "export").stdout
        der = run("ca", "export", "--format", "der", text=False).stdout
        p12 = run("ca", "export", "--format", "p12", "--password", "secret", text=False).stdout
        fingerprint = openssl("x509", "-noout", "-fingerprint", "-sha256", stdin=pem.encode()).split("=")[1].strip()
        self.assertEqual(openssl("x509", "-inform", "der", "-noout", "-fingerprint", "-sha256", stdin=der)
                         .split("=")[1].strip(), fingerprint)
        inside = openssl("pkcs12", "-in", "/dev/stdin", "-nokeys", "-passin", "pass:secret", stdin=p12)
        self.assertIn("".join(pem.split("\n")[1:-2]), inside.replace("\n", ""))
        self.assertIsNone(pkcs12.load_key_and_certificates(p12, b"secret")[0], "the key stays here")
        self.assertIn(fingerprint.replace(":", "").lower(), run("ca", "show").stdout.replace(":", "").lower())
        self.assertIn("CA:TRUE", openssl("x509", "-noout", "-text", stdin=pem.encode()))

    # TLS-2: one's own
    def test_may_be_brought_along(self):
        folder = self.path("x").parent
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                "/CN=My own", "-keyout", folder / "key.pem", "-out", folder / "ca.pem")
        authority = self.enterContext(CertificateAuthority())
        listener = self.listener(tls=authority.server("localhost"))
        tap = self.proxy("--ca-cert", folder / "ca.pem", "--ca-key", folder / "key.pem",
                         "--upstream-ca", authority.file)
        upstream = in_background(listener.accept)
        tunnel = tunnel_by_connect(tap, f"localhost:{listener.port}")
        client = self.enterContext(tunnel.start_tls(trusting(folder / "ca.pem"), "localhost"))
        self.assertEqual(dict(x[0] for x in client.sock.getpeercert()["issuer"])["commonName"], "My own")
        upstream.result(WAIT)

    # TLS-2, CLI-2: what is wrong with an authority is said in one line
    def test_that_cannot_be_used_is_named(self):
        home = self.path("home")
        at_home = environment(XDG_DATA_HOME=str(home))
        subprocess.run([WSTAP, "ca", "path"], env=at_home, capture_output=True, timeout=WAIT, check=True)
        key = home / "wstap" / "wstap-ca.key"
        key.chmod(0o644)
        done = subprocess.run([WSTAP, "ca", "path"], env=at_home, capture_output=True, timeout=WAIT, text=True)
        self.assertEqual((done.returncode, done.stderr.count("\n")), (4, 1))
        self.assertIn("chmod 600", done.stderr)
        folder = self.path("x").parent
        (folder / "not.pem").write_text("nothing of the kind\n")
        done = run("proxy", "--listen", "127.0.0.1:0", "--ca-cert", folder / "not.pem", "--ca-key", folder / "not.pem",
                   status=4)
        self.assertRegex(done.stderr, r"^wstap proxy: .*not\.pem.*\n$")


if __name__ == "__main__":
    unittest.main()
