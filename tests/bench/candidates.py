# SPDX-License-Identifier: Apache-2.0
"""The proxies that are compared, each as a reverse proxy of one thread in front of the load's server.

A candidate is started for one scenario, with TLS on both legs or on none, and stopped after it.
"""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

START_WITHIN = 10  # seconds
CONNECTIONS = 8000  # most that a candidate takes at a time


def which(name):
    """Servers are often not on a user's path."""
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Setting:
    """Where a candidate runs: in front of which port, with which certificates and processors."""

    def __init__(self, directory, upstream, tls, http2, authority, certificate, cpus):
        self.directory, self.upstream, self.tls, self.http2 = pathlib.Path(directory), upstream, tls, http2
        self.authority, self.certificate, self.cpus = authority, certificate, cpus

    def file(self, name, text):
        path = self.directory / name
        path.write_text(text)
        return path


class Candidate:
    """What all have in common. `port` is where the load connects to."""
    pid = None

    def __init__(self, name):
        self.name = name

    def present(self):
        return True

    def fits(self, scenario):
        return not scenario.http2

    def start(self, setting):
        raise NotImplementedError

    def stop(self):
        pass

    def forget_recording(self):
        pass

    def recorded_bytes(self):
        return None

    def frames_recorded(self):
        """@return how many frames a reader finds in the recording; None: there is none to read."""
        return None


class Direct(Candidate):
    """No proxy: what the load itself can do."""

    def __init__(self):
        super().__init__("direct")

    def fits(self, scenario):
        return scenario.kind != "idle"  # HTTP/2 as well

    def start(self, setting):
        self.port = setting.upstream


class Program(Candidate):
    """A process that listens on a port it is told."""

    def __init__(self, name, program):
        super().__init__(name)
        self._program = which(program)
        self._process = None

    def present(self):
        return self._program is not None

    def command(self, setting):
        raise NotImplementedError

    def environment(self, setting):
        return None

    def start(self, setting):
        self.port = free_port()
        log = (setting.directory / f"{self.name}.log").open("wb")
        with log:
            self._process = subprocess.Popen(
                [self._program, *map(str, self.command(setting))], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=setting.directory, env=self.environment(setting))
        self.pid = self._process.pid
        self._log = pathlib.Path(log.name)
        if setting.cpus:
            os.sched_setaffinity(self.pid, setting.cpus)
        self._until(self._listens)

    def _listens(self):
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _until(self, ready):
        until = time.monotonic() + START_WITHIN
        while not ready():
            if self._process.poll() is not None or time.monotonic() > until:
                said = self._log.read_text(errors="replace")
                self.stop()
                raise RuntimeError(f"{self.name} did not start: {said}")
            time.sleep(0.02)

    def stop(self):
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = self.pid = None


class Haproxy(Program):
    def __init__(self, name, mode):
        super().__init__(name, "haproxy")
        self._mode = mode

    def fits(self, scenario):
        return self._mode == "http" or not scenario.http2

    def command(self, setting):
        alpn = " alpn h2" if setting.http2 else ""
        bind = f" ssl crt {setting.certificate}{alpn}" if setting.tls else ""
        server = (f"{alpn} ssl verify required ca-file {setting.authority} verifyhost localhost sni str(localhost)"
                  " no-ssl-reuse") if setting.tls else ""
        return ["-db", "-f", setting.file(f"{self.name}.cfg", f"""
global
  nbthread 1
  maxconn {CONNECTIONS}
defaults
  mode {self._mode}
  timeout connect 10s
  timeout client 10m
  timeout server 10m
  timeout tunnel 10m
frontend clients
  bind 127.0.0.1:{self.port}{bind}
  default_backend servers
backend servers
  server one 127.0.0.1:{setting.upstream}{server}
""")]


class Nginx(Program):
    def __init__(self):
        super().__init__("nginx", "nginx")

    def command(self, setting):
        own = f"ssl_certificate {setting.certificate}; ssl_certificate_key {setting.certificate};"
        other = (f"proxy_ssl_verify on; proxy_ssl_trusted_certificate {setting.authority}; proxy_ssl_name localhost;"
                 " proxy_ssl_server_name on; proxy_ssl_protocols TLSv1.3; proxy_ssl_session_reuse off;")
        if not setting.tls:
            own = other = ""
        scheme, listen = ("https", " ssl") if setting.tls else ("http", "")
        temporary = " ".join(f"{kind}_temp_path {setting.directory}/nginx-{kind};"
                             for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        return ["-e", "stderr", "-p", setting.directory, "-c", setting.file("nginx.conf", f"""
daemon off;
master_process off;
pid nginx.pid;
worker_rlimit_nofile {2 * CONNECTIONS + 100};
events {{ worker_connections {2 * CONNECTIONS}; }}
http {{
  access_log off;
  {temporary}
  server {{
    listen 127.0.0.1:{self.port}{listen} backlog=4096;
    ssl_protocols TLSv1.3;
    {own}
    location / {{
      proxy_pass {scheme}://127.0.0.1:{setting.upstream};
      proxy_http_version 1.1;
      proxy_set_header Host localhost;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection upgrade;
      proxy_read_timeout 10m;
      {other}
    }}
  }}
}}
""")]


class Mitmdump(Program):
    """Keeps every message in memory and writes a flow when it is over."""

    def __init__(self):
        super().__init__("mitmdump -w", "mitmdump")

    def start(self, setting):
        self._flows = setting.directory / "mitmdump.flows"
        super().start(setting)

    def command(self, setting):
        scheme = "https" if setting.tls else "http"
        return ["--mode", f"reverse:{scheme}://127.0.0.1:{setting.upstream}", "-q", "--ssl-insecure",
                "--listen-host", "127.0.0.1", "-p", self.port, "--set", f"confdir={setting.directory}", "-w", self._flows]


class Socat(Program):
    """A process a connection; copies bytes and knows nothing of frames. Without TLS only."""

    def __init__(self):
        super().__init__("socat", "socat")

    def fits(self, scenario):
        return not scenario.tls  # nor HTTP/2, which is in TLS

    def command(self, setting):
        return [f"TCP-LISTEN:{self.port},bind=127.0.0.1,fork,reuseaddr,nodelay",
                f"TCP:127.0.0.1:{setting.upstream},nodelay"]


class Wstap(Program):
    def __init__(self, name, binary, record_in=None, workers=1, rules=None):
        """@param record_in  folder of the capture; None: nothing is recorded.

        @param rules  the text of a rules file
        """
        super().__init__(name, binary)
        self._folder, self._workers, self._rules = record_in, workers, rules
        self._capture = None

    def fits(self, scenario):
        return True

    def start(self, setting):
        self._ready = setting.directory / f"{self.name}.ready"
        if self._folder:
            name = f"wstap-bench-{os.getpid()}-{self.name.replace(' ', '-')}.wstap"
            self._capture = pathlib.Path(self._folder) / name
        super().start(setting)

    def command(self, setting):
        scheme = "wss" if setting.tls else "ws"
        recording = ["-w", self._capture, "--force"] if self._capture else ["--no-print"]
        rules = ["--rules", setting.file(f"{self.name.replace(' ', '-')}.toml", self._rules)] if self._rules else []
        return ["proxy", "--listen", "127.0.0.1:0", "--reverse", f"{scheme}://127.0.0.1:{setting.upstream}",
                "--upstream-ca", setting.authority, "--workers", self._workers, "--max-connections", CONNECTIONS,
                "--ready-file", self._ready, "-q", *recording, *rules]

    def environment(self, setting):
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("WSTAP", "XDG_", "SSLKEYLOG"))}
        return kept | {"XDG_DATA_HOME": str(setting.directory), "XDG_CONFIG_HOME": str(setting.directory)}

    def _listens(self):
        if not self._ready.exists():
            return False
        self.port = int(json.loads(self._ready.read_text())["listen"][0].rsplit(":", 1)[1])
        return True

    def forget_recording(self):
        """wstap appends, so its next record goes to the beginning: no capture any more, but as long as one."""
        if self._capture:
            os.truncate(self._capture, 0)

    def recorded_bytes(self):
        return self._capture.stat().st_size if self._capture else None

    def frames_recorded(self):
        if not self._capture:
            return None
        done = subprocess.run([self._program, "inspect", "-q", "--count", self._capture], capture_output=True,
                              text=True, timeout=60)
        return int(done.stdout)

    def stop(self, keep_as=None):
        """@param keep_as  what to rename the capture to; else it is removed."""
        super().stop()
        if not self._capture:
            return
        if keep_as:
            self._capture.rename(keep_as)
        self._capture.unlink(missing_ok=True)
        self._ready.unlink(missing_ok=True)
        self._capture = None
