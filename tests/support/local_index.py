"""A package index on this machine: project pages in the JSON form of the simple API, and wheels made up for a test."""

import hashlib
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

JSON = "application/vnd.pypi.simple.v1+json"


class LocalIndex:
    """pages: path -> (status, content type, body); asked: (path, headers) of all requests."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[int, str, bytes]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self._files: dict[str, list[dict[str, Any]]] = {}
        self.url = ""

    def add(
        self, project: str, filename: str, content: bytes = b"", uploaded: str | None = None, yanked: bool | str = False
    ) -> None:
        path = f"/files/{filename}"
        self.pages[path] = (200, "application/octet-stream", content)
        file = {"filename": filename, "url": path, "hashes": {"sha256": hashlib.sha256(content).hexdigest()}}
        file |= {"yanked": yanked} | ({"upload-time": uploaded} if uploaded else {})
        self._files.setdefault(project, []).append(file)
        page = {"meta": {"api-version": "1.1"}, "name": project, "files": self._files[project]}
        self.pages[f"/simple/{project}/"] = (200, JSON, json.dumps(page).encode())


@contextmanager
def serve() -> Iterator[LocalIndex]:
    index = LocalIndex()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            index.asked.append((self.path, dict(self.headers)))
            status, kind, body = index.pages.get(self.path, (404, "text/plain", b"no such page"))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, *about: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    index.url = f"http://127.0.0.1:{server.server_port}/simple"
    poll_seconds = 0.01  # how soon it sees that it is to stop
    thread = threading.Thread(target=server.serve_forever, args=(poll_seconds,), daemon=True)
    thread.start()
    try:
        yield index
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def wheel(name: str, version: str, source: str, requires: tuple[str, ...] = (), data: tuple[str, ...] = ()) -> bytes:
    """A wheel with one package of one module, and empty files at the paths `data`."""
    about = f"{name}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
    contents = {
        f"{name}/__init__.py": source,
        **dict.fromkeys(data, ""),
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    contents[f"{about}/RECORD"] = "".join(f"{path},,\n" for path in [*contents, f"{about}/RECORD"])
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for path, text in contents.items():
            archive.writestr(path, text)
    return made.getvalue()
