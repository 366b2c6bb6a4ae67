# SPDX-License-Identifier: Apache-2.0
"""The agent's HTTP as clients meet it: over sockets, from a well-behaved browser to one that means harm.

    http_server_test.py HTTP_TEST_SERVER      (further arguments go to unittest)
"""

import base64
import concurrent.futures
import contextlib
import html.parser
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
import warnings

from prometheus_client.openmetrics.parser import text_string_to_metric_families

SERVER = ""


class Server:
    """A running http_test_server; `counts` has what it said at the end."""

    def __init__(self, *arguments, environment=None):
        self._process = subprocess.Popen(
            [SERVER, *map(str, arguments)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        )
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(self._process.communicate()[1])
        self.port = int(line)
        self.pid = self._process.pid
        self.counts = {}
        self.stderr = ""

    def stop(self):
        out, self.stderr = self._process.communicate(timeout=20)
        self.counts = {name: int(count) for name, count in (line.split() for line in out.splitlines())}
        if self._process.returncode != 0:
            raise AssertionError(f"the server ended with {self._process.returncode}: {self.stderr}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._process.poll() is None:
            self.stop()

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def request(self, path, method="GET", headers=None, body=None, context=None):
        kind = http.client.HTTPSConnection if context else http.client.HTTPConnection
        options = {"context": context} if context else {}
        connection = kind("127.0.0.1", self.port, timeout=20, **options)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()

    def get(self, path, **options):
        response, body = self.request(path, **options)
        return response.status, body.decode()

    def raw(self, data):
        """Everything that comes back for these bytes, until the server closes."""
        with self.connect() as connection:
            try:
                connection.sendall(data)
                answer = b""
                while chunk := connection.recv(65536):
                    answer += chunk
            except (ConnectionResetError, BrokenPipeError):
                pass
            return answer


class Elements(html.parser.HTMLParser):
    """Tags and attributes of a page; refuses one that is not well nested."""

    VOID = {"meta", "link", "input", "br", "option"}

    def __init__(self, text):
        super().__init__()
        self.tags, self.links, self.open, self.text = [], [], [], ""
        self.feed(text)
        self.close()
        if self.open:
            raise AssertionError(f"never closed: {self.open}")

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.links += [value for name, value in attributes if name in ("href", "src", "action")]
        for name, _ in attributes:
            if name.startswith("on") or name == "style":
                raise AssertionError(f"<{tag} {name}>")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in self.VOID:
            return
        if not self.open or self.open.pop() != tag:
            raise AssertionError(f"</{tag}> closes nothing")

    def handle_data(self, data):
        self.text += data


class Routes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def test_health_and_readiness(self):
        self.assertEqual(self.server.get("/healthz"), (200, "alive\n"))
        self.assertEqual(self.server.get("/readyz"), (200, "ready\n"))
        with Server("--not-ready", "no hook could be attached") as other:
            self.assertEqual(other.get("/healthz"), (200, "alive\n"))
            self.assertEqual(other.get("/readyz"), (503, "not ready: no hook could be attached\n"))
            self.assertIn("Not ready: no hook could be attached", other.get("/")[1])

    def test_metrics_are_negotiated(self):
        response, body = self.server.request("/metrics")
        self.assertEqual(response.getheader("Content-Type"), "text/plain; version=0.0.4; charset=utf-8")
        self.assertIn(b'\noomtrace_kills_total{scope="memcg",why="chosen"} ', body)
        response, body = self.server.request(
            "/metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"}
        )
        self.assertEqual(response.getheader("Content-Type"), "application/openmetrics-text; version=1.0.0; charset=utf-8")
        self.assertTrue(body.endswith(b"\n# EOF\n"))

    def test_openmetrics_is_what_its_parser_takes(self):
        accept = {"Accept": "application/openmetrics-text"}
        with Server("--full-metrics") as full, Server("--hostile") as hostile:
            for server in (self.server, full, hostile):
                _, body = server.request("/metrics", headers=accept)
                families = {family.name: family for family in text_string_to_metric_families(body.decode())}
                self.assertEqual(families["oomtrace_oom_invocations"].type, "counter")
                self.assertEqual(families["oomtrace_build"].type, "info")
                self.assertEqual((families["oomtrace_oom_duration_seconds"].type, families["oomtrace_oom_duration_seconds"].unit),
                                 ("histogram", "seconds"))
                self.assertEqual(sum(len(family.samples) for family in families.values()),
                                 sum(not line.startswith("#") for line in body.decode().rstrip("\n").split("\n")))

    def test_promtool_finds_nothing(self):
        promtool = shutil.which("promtool")
        self.assertIsNotNone(promtool, "promtool is not installed: scripts/install_dependencies.sh test")
        with Server("--full-metrics") as full:
            for server in (self.server, full):
                _, body = server.request("/metrics")
                checked = subprocess.run([promtool, "check", "metrics"], input=body, capture_output=True, check=False)
                self.assertEqual((checked.returncode, checked.stdout, checked.stderr), (0, b"", b""))

    def test_a_scrape_at_the_limit_is_bounded(self):
        with Server("--full-metrics") as full:
            _, body = full.request("/metrics")
        self.assertGreater(body.count(b"\noomtrace_victims_total{"), 900)
        self.assertIn(b'oomtrace_series_folded_total{metric="oomtrace_victims"} ', body)
        self.assertLessEqual(len(body), 256 << 10)

    def test_every_answer_protects_the_browser(self):
        for path in ("/", "/metrics", "/api/v1/incidents", "/nothing", "/style.css", "/?limit=x"):
            response, _ = self.server.request(path)
            self.assertEqual(response.getheader("Content-Security-Policy"),
                             "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; "
                             "frame-ancestors 'none'")
            self.assertEqual(response.getheader("X-Content-Type-Options"), "nosniff")
            self.assertEqual(response.getheader("Cache-Control"), "no-store")
            self.assertEqual(response.getheader("Connection"), "close")

    def test_head_is_get_without_a_body(self):
        for path in ("/", "/metrics", "/healthz", "/api/v1/incidents", "/nothing"):
            got, body = self.server.request(path)
            headed, nothing = self.server.request(path, method="HEAD")
            self.assertEqual(nothing, b"")
            self.assertEqual(headed.status, got.status)
            if path != "/metrics":  # counts itself
                self.assertEqual(headed.getheader("Content-Length"), str(len(body)))

    def test_nothing_else_is_allowed(self):
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"):
            response, _ = self.server.request("/metrics", method=method)
            self.assertEqual((method, response.status, response.getheader("Allow")), (method, 405, "GET, HEAD"))
        response, _ = self.server.request("/metrics", method="POST", body=b"x" * 100)
        self.assertEqual(response.status, 405)

    def test_bodies_are_refused(self):
        self.assertIn(b" 413 ", self.server.raw(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello"))
        self.assertIn(b" 413 ", self.server.raw(
            b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"))
        self.assertEqual(self.server.request("/healthz", headers={"Content-Length": "0"})[0].status, 200)

    def test_unknown_paths(self):
        for path in ("/nothing", "/metrics/", "/api/v1/incident", "/api/v2/incidents", "/..%2f..%2fetc/passwd", "//"):
            self.assertEqual(self.server.request(path)[0].status, 404, path)

    def test_a_name_of_somebody_else_is_not_served(self):
        for host in ("127.0.0.1", "127.0.0.1:9", "localhost", "localhost:80", "[::1]:80"):
            self.assertEqual(self.server.request("/healthz", headers={"Host": host})[0].status, 200, host)
        for host in ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", "[::1", ""):
            self.assertEqual(self.server.request("/metrics", headers={"Host": host})[0].status, 421, host)

    def test_malformed_requests_are_answered_or_dropped(self):
        for data in (b"\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET / HTTP/9.9\r\n\r\n",
                     b"GET /\x00\xff HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\xff" * 1000):
            with self.server.connect() as connection:
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
                try:
                    connection.recv(65536)
                except ConnectionResetError:
                    pass
        self.assertEqual(self.server.get("/healthz")[0], 200)


class Api(unittest.TestCase):
    def test_newest_first_with_all_fields(self):
        with Server() as server:
            status, body = server.get("/api/v1/incidents")
            listed = json.loads(body)
        self.assertEqual(status, 200)
        self.assertIsNone(listed["next"])
        self.assertEqual([i["id"] for i in listed["incidents"]], [f"b007b007-{n}-abc" for n in (4, 3, 2, 1)])
        oldest = listed["incidents"][3]
        self.assertEqual(
            {k: oldest[k] for k in ("time", "href", "outcome", "scope", "constraint", "kills", "complete", "before_start")},
            {"time": "2026-03-01T03:13:45.000000000Z", "href": "/api/v1/incidents/b007b007-1-abc", "outcome": "killed",
             "scope": "memcg", "constraint": "memcg", "kills": 1, "complete": True, "before_start": False})
        self.assertEqual(oldest["victim"]["comm"], "postgres")
        self.assertIsNone(listed["incidents"][0]["victim"])

    def test_one_incident_is_its_own_json(self):
        with Server() as server:
            response, body = server.request("/api/v1/incidents/b007b007-2-abc")
            self.assertEqual(response.getheader("Content-Type"), "application/json; charset=utf-8")
            incident = json.loads(body)
            self.assertEqual((incident["schema"], incident["id"]), ("oomtrace.incident/1", "b007b007-2-abc"))
            for path in ("/api/v1/incidents/b007b007-9-abc", "/api/v1/incidents/", "/api/v1/incidents/%3Cb%3E",
                         "/api/v1/incidents/" + "a" * 200):
                status, body = server.get(path)
                self.assertEqual((status, json.loads(body)["error"]["status"]), (404, 404))

    def ids(self, server, query):
        status, body = server.get("/api/v1/incidents?" + query)
        self.assertEqual(status, 200, body)
        return [int(incident["id"].split("-")[1]) for incident in json.loads(body)["incidents"]]

    def test_filters(self):
        with Server() as server:
            self.assertEqual(self.ids(server, "scope=global"), [2])
            self.assertEqual(self.ids(server, "outcome=no_killable_task"), [4])
            self.assertEqual(self.ids(server, "comm=postgres"), [1])
            self.assertEqual(self.ids(server, "comm="), [4, 3, 2, 1])
            self.assertEqual(self.ids(server, "since=2026-03-01T03:15:45Z"), [4, 3])
            self.assertEqual(self.ids(server, "until=2026-03-01T04:15:45%2B01:00"), [2, 1])
            self.assertEqual(self.ids(server, "since=58m"), [4, 3, 2])
            self.assertEqual(self.ids(server, "since=1772334885&until=1772334885.5"), [2])
            path = json.loads(server.get("/api/v1/incidents?comm=postgres")[1])["incidents"][0]["memcg_path"]
            above = path.rsplit("/", 1)[0]
            self.assertIn(1, self.ids(server, "cgroup=" + path))
            self.assertIn(1, self.ids(server, "cgroup=" + above))
            self.assertNotIn(1, self.ids(server, "cgroup=" + path[:-1]))

    def test_bad_filters_say_what_is_wrong(self):
        with Server() as server:
            for query, what, hint in (
                ("outcome=dead", "outcome=dead", "one of: killed, group_kill, "),
                ("scope=%FF%3Cb%3E", "scope=\ufffdff<b>", "one of: global, memcg, sysrq, unknown"),
                ("since=yesterday", "since=yesterday", "RFC 3339"),
                ("until=2026-02-30", "until=2026-02-30", "RFC 3339"),
                ("since=99999999999999999999d", "since=99999999999999999999d", "RFC 3339"),
                ("limit=0", "limit=0", "1 to 1000"), ("limit=1001", "limit=1001", "1 to 1000"), ("limit=-1", "limit=-1", ""),
                ("comm=a&comm=b", "comm", "once"), ("cgruop=/x", "cgruop=/x", "one of: since, until, cgroup"), ("=", "=", "one of"),
                ("older_than=%2Fetc", "older_than=/etc", "next"), ("older_than=b007b007-99-abc", "older_than=b007b007-99-abc", ""),
            ):
                status, body = server.get("/api/v1/incidents?" + query)
                error = json.loads(body)["error"]
                self.assertEqual((query, status, error["status"], error["what"]), (query, 400, 400, what))
                self.assertIn(hint, error["hint"])
                self.assertEqual(server.get("/?" + query)[0], 400)

    def test_pages_reach_every_incident_once(self):
        with Server("--many", 25) as server:
            path, seen, pages = "/api/v1/incidents?comm=postgres&limit=10", [], 0
            while path:
                page = json.loads(server.get(path)[1])
                seen += [int(incident["id"].split("-")[1]) for incident in page["incidents"]]
                path, pages = page["next"], pages + 1
            self.assertEqual((seen, pages), (list(range(25, 0, -1)), 3))

    def test_an_archive_that_cannot_be_read(self):
        with Server("--failing") as server:
            for path in ("/api/v1/incidents", "/api/v1/incidents/b007b007-1-abc"):
                status, body = server.get(path)
                self.assertEqual((status, json.loads(body)["error"]["reason"]), (503, "disk <i>full</i>"))
            for path in ("/", "/incidents/b007b007-1-abc"):
                status, body = server.get(path)
                self.assertEqual(status, 503)
                self.assertIn("disk &lt;i&gt;full&lt;/i&gt;", body)
            self.assertEqual(server.get("/metrics")[0], 200)


class Pages(unittest.TestCase):
    def test_list_and_incident(self):
        with Server() as server:
            status, text = server.get("/")
            self.assertEqual(status, 200)
            page = Elements(text)
            self.assertIn("57 minutes ago", page.text)
            self.assertIn('<time datetime="2026-03-01T03:13:45.000Z">2026-03-01 03:13:45</time>', text)
            incidents = [link for link in page.links if link.startswith("/incidents/")]
            self.assertEqual(incidents, [f"/incidents/b007b007-{n}-abc" for n in (4, 3, 2, 1)])
            for link in {link for link in page.links if link.startswith("/")}:
                self.assertEqual(server.get(link)[0], 200, link)
            status, text = server.get(incidents[-1])
            self.assertEqual(status, 200)
            page = Elements(text)
            self.assertIn("WHY NOW", page.text)
            self.assertIn("OOM KILL postgres[4121] (1.71 GiB) killed", page.text)

    def test_the_page_has_the_terminals_report(self):
        with Server() as server:
            report = re.search(r'<pre[^>]*aria-label="Report">(.*?)</pre>', server.get("/incidents/b007b007-1-abc")[1], re.S)[1]
        self.assertTrue(report.startswith("OOM KILL  postgres[4121]"), report[:80])
        for part in ("WHY NOW", "WHY THIS ONE", "OTHERWISE"):
            self.assertIn(f"\n{part}", report)

    def test_nothing_yet(self):
        with Server("--empty") as server:
            status, text = server.get("/")
            self.assertEqual(status, 200)
            self.assertIn("No OOM has been seen yet.", text)
            self.assertNotIn("<table", text)
            self.assertIn("No incident that is kept matches.", server.get("/?comm=x")[1])

    def test_no_name_is_markup(self):
        with Server("--hostile") as server:
            for path in ("/", "/?comm=%3Cscript%3E%22%27", "/incidents/b007b007-1-abc", "/incidents/%3Cscript%3Ealert(1)"):
                _, body = server.request(path)
                text = body.decode("utf-8")  # strict
                page = Elements(text)
                self.assertNotIn("script", page.tags)
                self.assertNotIn("<script", text)
                self.assertFalse(set(text) & set(map(chr, [*range(0, 9), *range(11, 32), 127])), path)
            self.assertIn("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;\\n\\xff\\e[2J", server.get("/")[1])
            listed = json.loads(server.get("/api/v1/incidents")[1])["incidents"][0]
            name = "<script>alert(1)</script>\"'&\n\ufffdff\x1b[2J"
            self.assertEqual((listed["victim"]["comm"], listed["victim"]["pod_name"]), (name, name))
            # What the JSON shows finds the incident again.
            _, body = server.request("/api/v1/incidents?comm=%3Cscript%3Ealert(1)%3C/script%3E%22%27%26%0A%EF%BF%BDff%1B[2J")
            self.assertEqual(len(json.loads(body)["incidents"]), 1)
            _, metrics = server.request("/metrics")
            checked = subprocess.run(["promtool", "check", "metrics"], input=metrics, capture_output=True, check=False)
            self.assertEqual((checked.returncode, checked.stderr), (0, b""))
            self.assertIn('pod="<script>alert(1)</script>\\"\'&\\n\ufffdff\x1b[2J"'.encode(), metrics)

    def test_a_long_list_links_on(self):
        with Server("--many", 150) as server:
            page = Elements(server.get("/?comm=postgres")[1])
            older = [link for link in page.links if "older_than" in link]
            self.assertEqual(older, ["/?comm=postgres&older_than=b007b007-51-abc"])
            page = Elements(server.get(older[0])[1])
            self.assertEqual(len([link for link in page.links if link.startswith("/incidents/")]), 50)
            self.assertFalse([link for link in page.links if "older_than" in link])


class Limits(unittest.TestCase):
    def closed_after(self, connection):
        """Seconds until the server closes."""
        begin = time.monotonic()
        try:
            while connection.recv(65536):
                pass
        except ConnectionResetError:
            pass
        return time.monotonic() - begin

    def test_long_headers_and_lines_are_refused(self):
        with Server("--memory", 16384) as server:
            answer = server.raw(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 40000 + b"\r\n\r\n")
            self.assertRegex(answer[:60], rb"^HTTP/1\.1 (413|431) |^$")
            answer = server.raw(b"GET /" + b"a" * 40000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertRegex(answer[:60], rb"^HTTP/1\.1 (414|413|431) |^$")
            many = b"".join(b"X-%d: y\r\n" % i for i in range(5000))
            answer = server.raw(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n" + many + b"\r\n")
            self.assertRegex(answer[:60], rb"^HTTP/1\.1 (413|431) |^$")
            self.assertEqual(server.get("/healthz")[0], 200)

    def test_a_request_must_be_whole_in_time(self):
        with Server("--time", 500) as server:
            with server.connect() as idle, server.connect() as slow:
                begin = time.monotonic()
                slow.settimeout(0.05)
                closed = False
                while not closed and time.monotonic() - begin < 5:  # a byte at a time: never idle for long
                    try:
                        slow.sendall(b"G")
                        closed = slow.recv(1) == b""
                    except TimeoutError:
                        pass
                    except OSError:
                        closed = True
                self.assertTrue(closed)
                self.assertLess(time.monotonic() - begin, 2)
                self.assertLess(self.closed_after(idle), 2)
            self.assertEqual(server.get("/healthz")[0], 200)
            server.stop()
            self.assertEqual(server.counts["too_slow"], 2)

    def test_an_answer_must_be_taken_in_time(self):
        with Server("--time", 700, "--full-metrics") as server:
            with socket.socket() as lazy:
                lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
                lazy.connect(("127.0.0.1", server.port))
                lazy.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
                time.sleep(1.5)
                self.assertEqual(server.get("/healthz")[0], 200)
                server.stop()
                self.assertLessEqual(server.counts["too_slow"], 1)  # 0: the kernel's own buffers took all of it

    def test_one_address_has_no_more_than_its_share(self):
        with Server("--per-address", 3, "--time", 3000) as server:
            held = [server.connect() for _ in range(3)]
            time.sleep(0.2)
            with server.connect() as fourth:
                self.assertLess(self.closed_after(fourth), 1)
            held.pop().close()
            time.sleep(0.2)
            self.assertEqual(server.get("/healthz")[0], 200)
            for connection in held:
                connection.close()
            server.stop()
            self.assertEqual(server.counts["too_many_from_address"], 1)

    def test_more_connections_than_places_wait_their_turn(self):
        with Server("--connections", 4, "--per-address", 100, "--time", 700) as server, contextlib.ExitStack() as held:
            for _ in range(20):
                held.enter_context(server.connect())
            begin = time.monotonic()
            self.assertEqual(server.get("/healthz")[0], 200)
            self.assertGreater(time.monotonic() - begin, 2)
            self.assertLess(time.monotonic() - begin, 15)
            self.assertLess(len(os.listdir(f"/proc/{server.pid}/fd")), 20)

    def test_many_clients_at_once(self):
        with Server("--per-address", 32) as server, concurrent.futures.ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(lambda n: server.request(("/metrics", "/", "/api/v1/incidents")[n % 3])[0].status, range(300)))
            self.assertEqual(answers, [200] * 300)
            files = len(os.listdir(f"/proc/{server.pid}/fd"))
            server.stop()
            self.assertEqual(server.counts["200"], 300)
        self.assertLess(files, 20)

    def test_one_connection_serves_one_request(self):
        with Server() as server:
            answer = server.raw(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 2)
            self.assertEqual(answer.count(b"HTTP/1.1 200"), 1)

    def test_nothing_wakes_it_while_nobody_comes(self):
        def switches():
            return sum(
                int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", status.read_text(), re.M)[1])
                for status in pathlib.Path(f"/proc/{server.pid}/task").glob("*/status"))

        with Server() as server:
            self.assertEqual(server.get("/metrics")[0], 200)
            time.sleep(0.5)
            before = switches()
            time.sleep(3)
            self.assertEqual(switches(), before)
            self.assertEqual(len(os.listdir(f"/proc/{server.pid}/task")), 2)

    def test_it_stops_with_connections_open(self):
        with Server() as server:
            with server.connect(), server.connect() as half:
                half.sendall(b"GET / HTTP")
                begin = time.monotonic()
                server.stop()
                self.assertLess(time.monotonic() - begin, 3)


class Access(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        folder = pathlib.Path(cls.folder.name)
        cls.certificate, cls.key, cls.users = folder / "cert.pem", folder / "key.pem", folder / "users"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
                        "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", cls.key, "-out",
                        cls.certificate], check=True, capture_output=True)
        # "correct horse", and "other": bcrypt of cost 5, which is quick.
        cls.users.write_text(USERS)
        cls.users.chmod(0o600)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @staticmethod
    def basic(user, password):
        return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}

    def test_a_password_is_needed(self):
        with Server("--users", self.users) as server:
            response, _ = server.request("/metrics")
            self.assertEqual((response.status, response.getheader("WWW-Authenticate")),
                             (401, 'Basic realm="oomtrace", charset="UTF-8"'))
            for path in ("/", "/api/v1/incidents", "/incidents/b007b007-1-abc", "/nothing"):
                self.assertEqual(server.request(path)[0].status, 401)
            for path in ("/healthz", "/readyz"):
                self.assertEqual(server.request(path)[0].status, 200)
            for path in ("/metrics", "/"):
                self.assertEqual(server.request(path, headers=self.basic("prometheus", "correct horse"))[0].status, 200)
            for user, password in (("prometheus", "other"), ("nobody", "correct horse"), ("prometheus", "")):
                self.assertEqual(server.request("/", headers=self.basic(user, password))[0].status, 401, (user, password))
            for value in ("Basic", "Basic !!!", "Basic YQ==", "Bearer x", "Basic " + "A" * 4000):
                self.assertEqual(server.request("/", headers={"Authorization": value})[0].status, 401, value)

    def test_who_guesses_is_slowed_down_and_who_is_known_is_not(self):
        with Server("--users", self.users) as server:
            known = self.basic("prometheus", "correct horse")
            self.assertEqual(server.request("/metrics", headers=known)[0].status, 200)
            statuses = [server.request("/metrics", headers=self.basic("prometheus", str(n)))[0].status for n in range(40)]
            self.assertEqual(statuses[:5], [401] * 5)
            self.assertIn(429, statuses)
            self.assertEqual(server.request("/metrics", headers=known)[0].status, 200)

    def test_tls(self):
        context = ssl.create_default_context(cafile=str(self.certificate))
        with Server("--tls", self.certificate, self.key, "--full-metrics") as server:
            response, body = server.request("/metrics", context=context)
            self.assertEqual(response.status, 200)
            self.assertGreater(len(body), 100000)
            old = ssl.create_default_context(cafile=str(self.certificate))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
            with self.assertRaises((ssl.SSLError, ConnectionError)):
                server.request("/metrics", context=old)
            self.assertNotIn(b"oomtrace_", server.raw(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        with Server("--tls", self.certificate, self.key, "--time", 500) as server:
            with server.connect() as silent:  # no handshake
                begin = time.monotonic()
                self.assertEqual(silent.recv(1), b"")
                self.assertLess(time.monotonic() - begin, 3)
            self.assertEqual(server.request("/healthz", context=context)[0].status, 200)

    def refused(self, *arguments):
        ended = subprocess.run([SERVER, *map(str, arguments)], input="", capture_output=True, text=True, check=False, timeout=20)
        self.assertEqual(ended.returncode, 1)
        return ended.stderr

    def test_what_is_wrong_is_said_at_the_start(self):
        self.assertIn("the key must be that of the first certificate", self.refused("--tls", self.certificate, self.other_key()))
        self.assertIn("No such file", self.refused("--tls", "/nonexistent", self.key))
        self.assertIn("it is not PEM", self.refused("--tls", "/etc/hostname", self.key))
        self.assertIn("No such file", self.refused("--users", "/nonexistent"))
        with Server() as server:
            self.assertIn("Address already in use", self.refused("--listen", f"127.0.0.1:{server.port}"))
        for text in ("nowhere", "example.org:1", "127.0.0.1:70000", "127.0.0.1:x", "::1:1", "[::1:1"):
            self.assertIn(f"listen for HTTP at '{text}'", self.refused("--listen", text))

    def other_key(self):
        path = pathlib.Path(self.folder.name) / "other.pem"
        subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-out", path],
                       check=True, capture_output=True)
        return path

    def test_the_open_is_warned_of(self):
        with Server() as server:
            server.stop()
            self.assertEqual(server.stderr, "")
        with Server("--listen", ":0") as server:
            self.assertEqual(server.request("/healthz", headers={"Host": "host-1.example"})[0].status, 200)
            server.stop()
            self.assertIn("without TLS", server.stderr)
            self.assertIn("without a password", server.stderr)
        with Server("--listen", "0.0.0.0:0", "--tls", self.certificate, self.key, "--users", self.users) as server:
            server.stop()
            self.assertEqual(server.stderr, "")


USERS = """# who may read
prometheus:@CORRECT@

admin:@OTHER@
"""


def hashed(password):
    with_libcrypt = ("import ctypes,ctypes.util,sys;c=ctypes.CDLL('libcrypt.so.1');c.crypt.restype=ctypes.c_char_p;"
                     "print(c.crypt(sys.argv[1].encode(),b'$2b$05$abcdefghijklmnopqrstuu').decode())")
    return subprocess.run([sys.executable, "-c", with_libcrypt, password], check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    SERVER = sys.argv.pop(1)
    USERS = USERS.replace("@CORRECT@", hashed("correct horse")).replace("@OTHER@", hashed("other"))
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    unittest.main()
