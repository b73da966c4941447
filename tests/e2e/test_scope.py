# SPDX-License-Identifier: Apache-2.0
"""HostScope and HttpScope: what rules do not let clients reach, by every way in, and which flows are recorded (PIPE-3, PIPE-4,
FLOW-4, UPG-8)."""
import time
import unittest

from frame_bytes import TEXT, frame, masked
from raw_peers import connect, hang_up, open_websocket, socks_address, trusting, tunnel_by_connect, upgrade_request, \
    upgrade_response
from wstap_testing import RulesTest, frames, inspect, run


class ScopeTest(RulesTest):
    def refused(self, tap, request):
        """@return what the client is told, 403 and the reason."""
        with connect(tap.address) as client:
            client.send(request)
            answer = client.rest().decode()
        self.assertTrue(answer.startswith("HTTP/1.1 403 Forbidden\r\n"), answer)
        return answer.split("\r\n\r\n", 1)[1].strip().removeprefix("wstap: ")

    def works(self, tap, listener, way="connect"):
        client, server = open_websocket(tap, listener, way)
        with client:
            client.send(masked(TEXT, b"question"))
            self.assertEqual(server.frame().payload, b"question")
            server.send(frame(TEXT, b"answer"))
            self.assertEqual(client.frame().payload, b"answer")
            hang_up(client, server)

    def recorded(self, tap):
        tap.stop()
        return [(r["kind"], r.get("url"), r.get("reason")) for r in inspect(tap.capture, "--flows")
                if r["type"] == "connection"]


class Hosts(ScopeTest):
    def test_what_is_denied_is_not_dialled(self):
        listener, other = self.listener(), self.listener()
        tap = self.with_rules(f'[scope]\nallow = ["127.0.0.1"]\ndeny = ["*:{other.port}"]\n')
        for way in ("connect", "absolute", "socks"):
            self.works(tap, listener, way)
        why = f'out of scope: denied by "*:{other.port}"'
        self.assertEqual(self.refused(tap, f"CONNECT {other.target} HTTP/1.1\r\nHost: {other.target}\r\n\r\n"), why)
        self.assertEqual(self.refused(tap, upgrade_request(other.target, f"http://{other.target}/chat")), why)
        self.assertEqual(self.refused(tap, f"GET http://{other.target}/ HTTP/1.1\r\nHost: x\r\n\r\n"), why)
        self.assertEqual(self.refused(tap, "CONNECT localhost:1 HTTP/1.1\r\nHost: x\r\n\r\n"), "out of scope: not allowed")
        with connect(tap.address) as client:
            client.send(b"\x05\x01\x00")
            self.assertEqual(client.read(2), b"\x05\x00")
            client.send(b"\x05\x01\x00" + socks_address(other.target))
            self.assertEqual(client.read(10)[:2], b"\x05\x02")
            self.assertEqual(client.ending(), "eof")
        self.assertFalse(other.waiting())
        self.assertEqual(self.recorded(tap), [("blocked", other.target, why), ("blocked", f"ws://{other.target}/chat", why),
                                              ("blocked", "localhost:1", "out of scope: not allowed"),
                                              ("blocked", other.target, why)])

    # an address has many spellings, and whoever resolves it knows them all
    def test_spellings_of_an_address(self):
        listener = self.listener()
        tap = self.with_rules(f'[scope]\ndeny = ["127.0.0.1:{listener.port}"]\n')
        for host in ("127.1", "2130706433", "0x7f.1", "0177.0.0.1", "[::ffff:127.0.0.1]", "0.0.0.0", "0", "127.0.0.1."):
            with self.subTest(host=host):
                target = f"{host}:{listener.port}"
                self.refused(tap, f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n")
                self.refused(tap, upgrade_request(target, f"http://{target}/chat"))
        self.assertFalse(listener.waiting())

    def test_of_a_reverse_proxy(self):
        listener = self.listener()
        tap = self.with_rules('[scope]\nallow = ["elsewhere.example"]\n', "--reverse", f"http://{listener.target}")
        self.assertEqual(self.refused(tap, upgrade_request("elsewhere.example")), "out of scope: not allowed")
        with connect(tap.address) as client:
            client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            self.assertEqual(client.rest(), b"")
        self.assertFalse(listener.waiting())


class Urls(ScopeTest):
    def test_inside_a_tunnel(self):
        listener = self.listener()
        tap = self.with_rules('[scope]\nallow = ["ws://127.0.0.1/chat*"]\n')
        self.works(tap, listener)
        for request in (upgrade_request(listener.target, "/other"), f"GET /chat HTTP/1.1\r\nHost: {listener.target}\r\n\r\n"):
            with tunnel_by_connect(tap, listener.target) as client:
                server = listener.accept()
                client.send(request)
                self.assertEqual(client.status(), 403)
                client.rest()
            self.assertEqual(server.rest(), b"")
        self.assertEqual(self.recorded(tap), [("blocked", f"ws://{listener.target}/other", "out of scope: not allowed")])

    # UPG-5: what nobody reads passes where all of it may
    def test_tunnels_that_cannot_be_read(self):
        for scope, passes in (("", True), ("allow = ['127.0.0.1']", True), ("allow = ['127.0.0.1/chat']", False),
                              ("deny = ['*/admin*']", False), ("unread = false", False)):
            with self.subTest(scope=scope):
                listener = self.listener()
                tap = self.with_rules(f"[scope]\n{scope}\n")
                self.works(tap, listener)
                with tunnel_by_connect(tap, listener.target) as client:
                    server = listener.accept()
                    client.send(b"\0GET /admin")
                    if passes:
                        self.assertEqual(server.read(11), b"\0GET /admin")
                        client.finish()
                    self.assertEqual(server.rest(), b"")
                    server.close()
                    client.ending()
                (kind, url, why), = self.recorded(tap)
                self.assertEqual((kind, url), ("opaque" if passes else "blocked", listener.target))
                self.assertTrue(passes or why.startswith("out of scope: it cannot be read"), why)

    # SAFE-2: silence is no way around rules
    def test_clients_that_are_silent_at_first(self):
        listener = self.listener()
        tap = self.with_rules("[[safety.input]]\nid='x'\npattern='DROP'\n", "--detect-timeout", "50ms")
        with tunnel_by_connect(tap, listener.target) as client, tunnel_by_connect(tap, listener.target) as other:
            server = listener.accept()
            time.sleep(0.2)
            client.send(upgrade_request(listener.target))
            server.head()
            server.send(upgrade_response())
            self.assertEqual(client.status(), 101)
            client.send(masked(TEXT, b"DROP"), masked(TEXT, b"fine"))
            self.assertEqual(server.frame().payload, b"fine")
            hang_up(client, server)
            other.send("get / HTTP/1.1\r\n\r\n")
            self.assertEqual(other.ending(), "eof")
        self.assertEqual([r[::2] for r in self.recorded(tap)],
                         [("blocked", "out of scope: it cannot be read (not HTTP)")])

    # the same inside TLS
    def test_what_else_cannot_be_read(self):
        echo = self.echo("--tls")
        tap = self.with_rules("[scope]\ndeny = ['*/admin*']\n", "-k")
        with tunnel_by_connect(tap, f"localhost:{echo.address[1]}") as tunnel:
            with tunnel.start_tls(trusting(), "localhost") as client:
                client.send(b"\0GET /admin")
                self.assertEqual(client.rest(), b"")
        self.assertEqual([r[0] for r in self.recorded(tap)], ["blocked"])

    def test_inside_tls(self):
        echo = self.echo("--tls")
        tap = self.with_rules('[scope]\ndeny = ["wss://localhost/secret"]\n', "-k")
        for path, status in (("/secret?x=1", 403), ("/open", 101)):
            with tunnel_by_connect(tap, f"localhost:{echo.address[1]}") as tunnel:
                with tunnel.start_tls(trusting(), "localhost") as client:
                    client.send(upgrade_request(f"localhost:{echo.address[1]}", path))
                    self.assertEqual(client.status(), status)
        self.assertEqual(self.recorded(tap)[0][::2], ("blocked", 'out of scope: denied by "wss://localhost/secret"'))

    # PIPE-3: what is open stays open, and what comes is judged by the new rules
    def test_replaced(self):
        listener = self.listener()
        tap = self.with_rules("")
        client, server = open_websocket(tap, listener)
        self.assertIn("scope", self.replace_rules(tap, '[scope]\ndeny = ["127.0.0.1"]\n'))
        self.refused(tap, upgrade_request(listener.target, f"http://{listener.target}/chat"))
        with client:
            client.send(masked(TEXT, b"still here"))
            self.assertEqual(server.frame().payload, b"still here")
            hang_up(client, server)
        self.replace_rules(tap, "")
        self.works(tap, listener)


class Recording(ScopeTest):
    def test_of_some_flows(self):
        listener, other = self.listener(), self.listener()
        tap = self.with_rules(f"[capture]\nfilter = 'url contains \":{listener.port}/\"'\n"
                              "[[transform]]\nid='x'\nfilter='text contains \"never\"'\ndrop=true\n")
        self.works(tap, listener)
        self.works(tap, other)
        self.works(tap, listener, "socks")
        other.close()
        with connect(tap.address) as client:  # FLOW-4: nor is what never became a flow
            client.send(upgrade_request(other.target, f"http://{other.target}/chat"))
            self.assertEqual(client.status(), 502)
        tap.stop()
        self.assertEqual([r["url"] for r in inspect(tap.capture, "--flows")], [f"ws://{listener.target}/chat"] * 2)
        self.assertEqual(len(frames(tap.capture)), 4)


class Rehearsed(ScopeTest):
    # SAFE-6
    def test_what_would_have_been_out_of_scope(self):
        listener = self.listener()
        tap = self.proxy()
        self.works(tap, listener)
        tap.stop()
        self.rules.write_text('[scope]\ndeny = ["127.0.0.1/chat"]\n')
        said = run("inspect", "--rules", self.rules, "-e", "verdict,cause", tap.capture, status=6)
        self.assertEqual(said.stdout, 'blocked\tout of scope: denied by "127.0.0.1/chat"\n' * 2)
        self.rules.write_text('[scope]\ndeny = ["127.0.0.1/elsewhere"]\n')
        self.assertEqual(run("inspect", "--rules", self.rules, tap.capture).stdout, "")


if __name__ == "__main__":
    unittest.main()
