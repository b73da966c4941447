# SPDX-License-Identifier: Apache-2.0
"""A certificate authority for upstream servers, which is not wstap's own."""
import datetime
import ipaddress
import pathlib
import ssl
import subprocess
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from raw_peers import WAIT

DAY = datetime.timedelta(days=1)


def openssl(*args, stdin=None):
    done = subprocess.run(["openssl", *map(str, args)], input=stdin, capture_output=True, timeout=WAIT)
    if done.returncode:
        raise AssertionError(f"openssl {args[0]}: {done.stderr.decode()}")
    return done.stdout.decode()


def alternative_name(text):
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def subject(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class CertificateAuthority:
    """Signs server certificates. `file` is what clients trust."""

    def __init__(self, name="Test CA"):
        self._dir = tempfile.TemporaryDirectory(prefix="wstap-certificates-")
        self._name, self._key = subject(name), ec.generate_private_key(ec.SECP256R1())
        self.file = pathlib.Path(self._dir.name, "ca.pem")
        self.file.write_bytes(self._pem(self._issue(name, self._key.public_key(), [], ca=True)))

    def _issue(self, name, public_key, names, ca=False, age=DAY):
        now = datetime.datetime.utcnow()
        builder = (x509.CertificateBuilder().subject_name(subject(name)).issuer_name(self._name)
                   .public_key(public_key).serial_number(x509.random_serial_number())
                   .not_valid_before(now - age).not_valid_after(now - age + 30 * DAY)
                   .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True))
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(map(alternative_name, names)), critical=False)
        return builder.sign(self._key, hashes.SHA256())

    @staticmethod
    def _pem(certificate):
        return certificate.public_bytes(serialization.Encoding.PEM)

    def certificate(self, *names, age=DAY):
        """@return a file with certificate and key for these names. @param age  since when it is valid."""
        key = ec.generate_private_key(ec.SECP256R1())
        file = pathlib.Path(self._dir.name, f"{len(list(self.file.parent.iterdir()))}.pem")
        file.write_bytes(self._pem(self._issue(names[0], key.public_key(), names, age=age)) + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        return file

    def server(self, *names, alpn=None, age=DAY, newest=None):
        """@return the TLS context of a server with these names."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate(*names, age=age))
        if alpn:
            context.set_alpn_protocols(alpn)
        if newest:
            context.maximum_version = newest
        return context

    def close(self):
        self._dir.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
