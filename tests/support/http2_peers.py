# SPDX-License-Identifier: Apache-2.0
"""node's `http2` as a server and as a client of WebSockets over HTTP/2 (RFC 8441): tests/e2e/h2_peer.js."""
import json
import pathlib
import select
import tempfile

from conversations import node
from raw_peers import WAIT


class Http2Server:
    """Speaks HTTP/2 only; ends with the test. `settings`: see h2_peer.js."""
    SCRIPT = "h2_peer.js"

    def __init__(self, pem=None, **settings):
        self._dir = tempfile.TemporaryDirectory(prefix="wstap-h2-")
        options = pathlib.Path(self._dir.name, "options.json")
        options.write_text(json.dumps({"pem": pem and str(pem), **settings}))
        self._process = node(self.SCRIPT, "server", str(options))
        self.port = int(self._process.stdout.readline())
        self.authority = f"localhost:{self.port}"

    def result(self, patience):
        """@return what a page said to /result next."""
        if not select.select([self._process.stdout], [], [], patience)[0]:
            raise AssertionError(f"the page said nothing within {patience} s")
        return json.loads(self._process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(WAIT)
        self._process.stdout.close()
        self._dir.cleanup()


class Http1Site(Http2Server):
    """Speaks HTTP/1 only. `settings`: see http1_site.js."""
    SCRIPT = "http1_site.js"


class Http2Client:
    """One connection, on which all pieces of work are done at the same time; a context manager."""

    def __init__(self, proxy, authority, work, ca=None, tunnel=True):
        self._dir = tempfile.TemporaryDirectory(prefix="wstap-h2-")
        options = pathlib.Path(self._dir.name, "options.json")
        options.write_text(json.dumps({"proxy": proxy, "authority": authority, "work": work, "ca": ca and str(ca),
                                       "tunnel": authority if tunnel else None}))
        self._process = node("h2_peer.js", "client", str(options))

    def result(self):
        """@return what its work gave, once all of it is done: {"connect":..,"streams":..,"told":[..]}."""
        said, _ = self._process.communicate(timeout=2 * WAIT)
        result = json.loads(said)
        if "fault" in result:
            raise AssertionError(result["fault"])
        return result

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait(WAIT)
        self._process.stdout.close()
        self._dir.cleanup()


def http2_session(*args, **options):
    """@return what a client's work gave."""
    with Http2Client(*args, **options) as client:
        return client.result()
