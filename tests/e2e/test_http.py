# SPDX-License-Identifier: Apache-2.0
"""Ordinary HTTP on the same port (UPG-2): streamed both ways, kept alive, framed as it came, not recorded."""
import hashlib
import http.server
import subprocess
import threading
import unittest

from certificates import CertificateAuthority
from raw_peers import in_background, tunnel_by_connect, WAIT
from wstap_testing import TestCase, environment, eventually, inspect, run


class Exchanges(TestCase):
    """Raw client and raw server, with the proxy between."""

    def setUp(self):
        self.tap, self.listener_ = self.proxy(), self.listener()
        self.client = self.connect(self.tap.address)
        self.server = None

    def ask(self, head, *body):
        """Sends a request in absolute-form. @return the head the server got."""
        self.client.send(head.replace(" /", f" http://{self.listener_.target}/", 1), *body)
        self.server = self.server or self.listener_.accept()
        return self.server.head().decode()

    def answer(self, text):
        self.server.send(text)
        return self.client.read(len(text)).decode()

    def get(self, path):
        """One more exchange, to show that the connection goes on."""
        self.ask(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")
        ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        self.assertEqual(self.answer(ok), ok)

    # UPG-2: keep-alive on both legs
    def test_share_kept_connections(self):
        for path in ("/1", "/2", "/3"):
            self.get(path)
        self.listener_.sock.settimeout(0.05)
        with self.assertRaises(TimeoutError):
            self.listener_.accept()

    # UPG-2, UPG-4: hop-by-hop fields go, everything else stays as it is
    def test_lose_the_fields_of_one_leg_only(self):
        head = self.ask("GET /x HTTP/1.1\r\nhost: x\r\nConnection: x-mine, keep-alive\r\nX-Mine: 1\r\n"
                        "PROXY-connection: keep-alive\r\nTE: trailers\r\nx-Other:  2 \r\n\r\n")
        self.assertEqual(head, f"GET /x HTTP/1.1\r\nhost: {self.listener_.target}\r\nConnection: keep-alive\r\n"
                               "TE: trailers\r\nx-Other:  2 \r\n\r\n")
        self.server.send("HTTP/1.1 200 OK\r\nProxy-Authenticate: Basic\r\nvia: 1.1 other\r\nContent-Length: 0\r\n\r\n")
        self.assertEqual(self.client.head(), b"HTTP/1.1 200 OK\r\nvia: 1.1 other\r\nContent-Length: 0\r\n\r\n")

    # UPG-9: a body that is none is the client's fault
    def test_malformed_body(self):
        for framing, body in (("Transfer-Encoding: chunked", "zz\r\n"), ("Content-Length: 50", "abc")):
            with self.subTest(framing), self.listener() as listener:
                client = self.connect(self.tap.address)
                client.send(f"POST http://{listener.target}/ HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n{body}")
                client.finish()
                self.assertEqual(client.status(), 400)
                self.assertIn("body", client.rest().decode())

    # UPG-2: chunks and trailers, both ways, each as it came
    def test_chunked_both_ways_with_trailers(self):
        chunked = "5;ext=\"a\"\r\nhello\r\nA\r\n0123456789\r\n0\r\nX-Trailer: 1\r\nx-other: 2\r\n\r\n"
        self.ask("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTrailer: X-Trailer\r\n\r\n", chunked)
        self.assertEqual(self.server.read(len(chunked)).decode(), chunked)
        response = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked
        self.assertEqual(self.answer(response), response)
        self.get("/again")

    # UPG-2: nothing waits for the end of a body
    def test_stream_as_they_come(self):
        self.ask("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        self.server.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        self.client.head()
        for _ in range(3):
            self.client.send("4\r\nping\r\n")
            self.assertEqual(self.server.read(9), b"4\r\nping\r\n")
            self.server.send("4\r\npong\r\n")
            self.assertEqual(self.client.read(9), b"4\r\npong\r\n")
        self.client.send("0\r\n\r\n")
        self.assertEqual(self.server.read(5), b"0\r\n\r\n")
        self.server.send("0\r\n\r\n")
        self.assertEqual(self.client.read(5), b"0\r\n\r\n")
        self.get("/again")

    # UPG-2
    def test_expect_continue(self):
        self.ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
        self.assertEqual(self.answer("HTTP/1.1 100 Continue\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n")
        self.client.send("body")
        self.assertEqual(self.server.read(4), b"body")
        self.answer("HTTP/1.1 204 No Content\r\n\r\n")
        self.get("/again")

    # UPG-2: refused before the body was sent
    def test_expect_continue_that_is_refused(self):
        self.ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
        refusal = "HTTP/1.1 417 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        self.assertEqual(self.answer(refusal), refusal)
        self.assertEqual(self.client.ending(), "eof")

    # UPG-2: responses without a body, whatever their heads announce
    def test_head_204_and_304_have_no_body(self):
        for method, response in (("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
                                 ("HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
                                 ("GET", "HTTP/1.1 204 No Content\r\n\r\n"),
                                 ("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n")):
            with self.subTest(response):
                self.ask(f"{method} / HTTP/1.1\r\nHost: x\r\n\r\n")
                self.assertEqual(self.answer(response), response)
                self.get("/again")

    # UPG-2: HTTP/1.0: the end of the connection is the end of the body
    def test_http_1_0(self):
        self.assertEqual(self.ask("GET /old HTTP/1.0\r\n\r\n").split("\r\n")[0], "GET /old HTTP/1.0")
        self.server.send("HTTP/1.0 200 OK\r\nServer: old\r\n\r\nall there is")
        self.server.close()
        self.assertTrue(self.client.rest().endswith(b"\r\n\r\nall there is"))

    # UPG-2: a body that is cut short does not look whole
    def test_body_that_is_cut_short(self):
        self.ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        self.server.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        self.client.head()
        self.assertEqual(self.client.read(4), b"half")
        self.server.close()
        self.assertEqual(self.client.ending(), "reset")

    # UPG-2: requests sent one behind the other
    def test_pipelined_requests(self):
        one = f"GET http://{self.listener_.target}/%d HTTP/1.1\r\nHost: x\r\n\r\n"
        self.client.send(one % 1, one % 2)
        self.server = self.listener_.accept()
        for n in (1, 2):
            self.assertIn(b"GET /%d " % n, self.server.head())
            self.server.send(f"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{n}")
            self.assertEqual((self.client.status(), self.client.read(1)), (200, str(n).encode()))

    # UPG-2: a kept connection that its server closed meanwhile is opened anew
    def test_server_that_closes_an_idle_connection(self):
        self.get("/1")
        self.server.close()
        self.server = None
        self.get("/2")

    # UPG-2: another target on the same client connection
    def test_two_targets_on_one_connection(self):
        self.get("/1")
        self.listener_, self.server = self.listener(), None
        self.get("/2")

    # UPG-2: the server answers and closes while the request's body is still coming
    def test_server_that_answers_early(self):
        body = bytes(64 << 20)
        sent = in_background(lambda: self.send_as_far_as_possible(
            f"POST http://{self.listener_.target}/ HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n", body))
        server = self.listener_.accept()
        server.head()
        early = b"HTTP/1.1 413 Too much\r\nContent-Length: 7\r\nConnection: close\r\n\r\nenough!"
        server.send(early)
        server.close()
        sent.result(WAIT)
        self.assertEqual(self.client.read(len(early)), early)

    def send_as_far_as_possible(self, *parts):
        try:
            self.client.send(*parts)
        except (BrokenPipeError, ConnectionResetError):
            pass

    # UPG-2: an early answer of a server that takes the body nevertheless costs nobody the connection
    def test_server_that_answers_early_and_reads_on(self):
        self.ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\n", "half")
        self.assertEqual(self.server.read(4), b"half")
        early = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        self.assertEqual(self.answer(early), early)
        self.client.send("rest")
        self.assertEqual(self.server.read(4), b"rest")
        self.get("/again")

    def tearDown(self):
        # UPG-2: none of this is recorded
        self.assertEqual(self.tap.stop(), 0)
        self.assertEqual(inspect(self.tap.capture, "--flows"), [])


class Large(TestCase):
    # UPG-2: bodies of any size, in bounded memory
    def test_bodies_stream_both_ways(self):
        size, chunk = 200 << 20, bytes(1 << 20)
        tap, listener = self.proxy(), self.listener()

        def serve(server):
            server.head()
            got = hashlib.sha256()
            for _ in range(0, size, 1 << 20):
                got.update(server.read(1 << 20))
            server.send(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n")
            for _ in range(0, size, 1 << 20):
                server.send(chunk)
            return got.hexdigest()

        served = listener.serve(serve)
        client = self.connect(tap.address)
        client.send(f"PUT http://{listener.target}/ HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n")
        sent = hashlib.sha256()
        for _ in range(0, size, 1 << 20):
            client.send(chunk)
            sent.update(chunk)
        self.assertEqual(client.status(), 200)
        for _ in range(0, size, 1 << 20):
            client.read(1 << 20)
        self.assertEqual(served.result(WAIT), sent.hexdigest())


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.reply(self.path.encode())

    def do_POST(self):
        self.reply(hashlib.sha256(self.rfile.read(int(self.headers["Content-Length"]))).hexdigest().encode())

    def reply(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Curl(TestCase):
    """A client that has nothing to do with these tests, over every way in."""

    def serve(self, tls=None):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"localhost:{server.server_port}"

    def curl(self, *args):
        done = subprocess.run(["curl", "-sS", "--max-time", str(WAIT), *map(str, args)], capture_output=True,
                              timeout=WAIT + 5, env=environment())
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.decode()

    # UPG-5, UPG-2
    def test_over_http_and_https_by_every_proxy_protocol(self):
        authority = self.enterContext(CertificateAuthority())
        plain, secure = self.serve(), self.serve(authority.server("localhost"))
        tap = self.proxy("--upstream-ca", authority.file)
        trust = run("ca", "path").stdout.strip()
        proxy = "%s:%d" % tap.address
        file = self.path("body")
        file.write_bytes(bytes(range(256)) * 4096)
        for way in (("-x", f"http://{proxy}"), ("-x", f"http://{proxy}", "--proxytunnel"),
                    ("-x", f"socks5h://{proxy}"), ("-x", f"socks5://{proxy}")):
            for url in (f"http://{plain}", f"https://{secure}"):
                with self.subTest(f"{way} {url}"):
                    common = (*way, "--cacert", trust)
                    # Two requests over one connection, then an upload.
                    self.assertEqual(self.curl(*common, f"{url}/one", f"{url}/two"), "/one/two")
                    self.assertEqual(self.curl(*common, "--data-binary", f"@{file}", f"{url}/"),
                                     hashlib.sha256(file.read_bytes()).hexdigest())

    # UPG-6
    def test_reverse(self):
        tap = self.proxy("--reverse", f"http://{self.serve()}")
        self.assertEqual(self.curl("http://%s:%d/path?q=1" % tap.address), "/path?q=1")

    # UPG-5: what somebody sees who takes the proxy for a server
    def test_proxy_that_is_taken_for_a_server(self):
        tap = self.proxy()
        self.assertIn("this is a proxy", self.curl("http://%s:%d/" % tap.address))


class Nginx(TestCase):
    """A server that has nothing to do with these tests."""

    CONFIG = """
daemon off; master_process off; pid {dir}/pid; error_log {dir}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {dir}; proxy_temp_path {dir}; fastcgi_temp_path {dir}; uwsgi_temp_path {dir};
  scgi_temp_path {dir};
  server {{
    listen 127.0.0.1:{port}; root {dir};
    location /limited {{ client_max_body_size 1k; proxy_pass http://127.0.0.1:9; }}
  }}
}}
"""

    def setUp(self):
        listener = self.listener()
        listener.close()
        directory = self.path("index.html").parent
        (directory / "file.bin").write_bytes(bytes(range(256)) * 20000)
        config = directory / "nginx.conf"
        config.write_text(self.CONFIG.format(dir=directory, port=listener.port))
        nginx = subprocess.Popen(["/usr/sbin/nginx", "-p", directory, "-c", config], stderr=subprocess.DEVNULL)
        self.addCleanup(nginx.wait, WAIT)
        self.addCleanup(nginx.terminate)
        eventually(lambda: (directory / "pid").exists() and (directory / "pid").read_text().strip(), "nginx's start")
        self.url, self.file = f"http://{listener.target}", directory / "file.bin"
        self.proxy_ = self.proxy()

    def curl(self, *args):
        done = subprocess.run(["curl", "-sS", "--max-time", str(WAIT), "-x", "http://%s:%d" % self.proxy_.address,
                               *map(str, args)], capture_output=True, timeout=WAIT + 5, env=environment())
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    # UPG-2: ranges, conditions, heads
    def test_serves_through_the_proxy(self):
        self.assertEqual(self.curl(f"{self.url}/file.bin"), self.file.read_bytes())
        self.assertEqual(self.curl("-r", "256-511", f"{self.url}/file.bin"), bytes(range(256)))
        self.assertIn(b"Content-Length: 5120000", self.curl("-I", f"{self.url}/file.bin"))
        codes = self.curl("-o", "/dev/null", "-w", "%{http_code} ", "-z", self.file, f"{self.url}/file.bin",
                          "--next", "-sS", "-x", "http://%s:%d" % self.proxy_.address, "-o", "/dev/null",
                          "-w", "%{http_code}", f"{self.url}/none")
        self.assertEqual(codes, b"304 404")

    # UPG-2: an upload that is refused early, and one that asks first
    def test_refuses_an_upload(self):
        for expect in ("Expect:", "Expect: 100-continue"):
            got = self.curl("-o", "/dev/null", "-w", "%{http_code}", "-H", expect, "--data-binary", f"@{self.file}",
                            f"{self.url}/limited")
            self.assertEqual(got, b"413")


class Tunnelled(TestCase):
    """Inside a tunnel the connection decides where requests go, and its end is the client's to see (UPG-2)."""
    REQUEST = b"GET /x HTTP/1.1\r\nHost: other.example\r\nConnection: keep-alive\r\n\r\n"

    def setUp(self):
        self.tap, listener = self.proxy(), self.listener()
        self.client = self.enterContext(tunnel_by_connect(self.tap, listener.target))
        self.client.send(self.REQUEST)
        self.server = listener.accept()
        self.assertEqual(self.server.head(), self.REQUEST)

    def answer(self):
        self.server.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        self.assertEqual((self.client.status(), self.client.read(2)), (200, b"ok"))

    def test_server_that_ends_an_idle_connection_ends_the_clients(self):
        self.answer()
        self.server.close()
        self.assertEqual(self.client.ending(), "eof")

    def test_server_that_goes_while_idle_connection_is_used_again(self):
        self.answer()
        self.client.send(self.REQUEST)
        self.server.head()
        self.server.close()
        self.assertEqual(self.client.rest(), b"")  # as without wstap: the client may try again

    def test_server_that_goes_without_a_word(self):
        self.server.close()
        self.assertEqual(self.client.status(), 502)
        self.assertIn("no response", self.client.rest().decode())


if __name__ == "__main__":
    unittest.main()
