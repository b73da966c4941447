# SPDX-License-Identifier: Apache-2.0
"""Chromium as a client of the proxy."""
import base64
import hashlib
import os
import pathlib
import signal
import subprocess

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from raw_peers import trusting, tunnel_by_connect, WAIT
from wstap_testing import environment, eventually, run


class Chromium:
    """A browser with a profile of its own. When the test ends, so do all its processes: some outlive the first, and go on
    writing to the profile."""

    def __init__(self, profile, *flags):
        self.process = subprocess.Popen(
            ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage",
             "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
             f"--user-data-dir={profile}", *flags],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment(HOME=str(profile)),
            start_new_session=True)

    def running(self):
        """@return the processes of its session. One that nobody has waited for yet writes nothing any more."""
        found = []
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                state, _, _, session = stat.read_text().rpartition(")")[2].split()[:4]
            except OSError:
                continue  # it has ended meanwhile
            if int(session) == self.process.pid and state not in "ZX":
                found.append(int(stat.parent.name))
        return found

    def kill(self):
        """@return whether nothing was left to kill."""
        pids = self.running()
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        return not pids

    def __enter__(self):
        return self

    def __exit__(self, *_):
        eventually(self.kill, "the end of the browser")
        self.process.wait(WAIT)


def trusted_keys(tap, ports):
    """@return the hashes of the keys in wstap's leaves for these servers, which the browser is told to trust."""
    hashes = []
    context = trusting(run("ca", "path").stdout.strip())
    for port in ports:
        with tunnel_by_connect(tap, f"localhost:{port}") as tunnel:
            client = tunnel.start_tls(context, "localhost")
            leaf = x509.load_der_x509_certificate(client.sock.getpeercert(binary_form=True))
            client.close()
        key = leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        hashes.append(base64.b64encode(hashlib.sha256(key).digest()).decode())
    return ",".join(hashes)


def through(tap, keys):
    """@return the flags with which it uses the proxy, and trusts these keys."""
    # Its vendor's hosts are none of the proxy's business: everything with a dot goes nowhere near it.
    return ("--proxy-server=http://%s:%d" % tap.address, "--proxy-bypass-list=<-loopback>;*.*",
            f"--ignore-certificate-errors-spki-list={keys}")
