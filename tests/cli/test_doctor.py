from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
from rich.cells import cell_len

from minsheng.cli import app as cli
from minsheng.workflows import doctor as rooms
from minsheng.workflows import doctor_machine
from minsheng.workflows.doctor import Finding, Said, examine

OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_ENDPOINT")


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*OFFLINE, "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Whoever tries to connect is found out."""
    tried: list[Any] = []

    def connect(self: socket.socket, address: Any) -> None:
        tried.append(address)
        raise OSError("no network here")

    monkeypatch.setattr(socket.socket, "connect", connect)
    return tried


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Any:
    def command(*arguments: str, lang: str = "en") -> SimpleNamespace:
        monkeypatch.setenv("MINSHENG_LANG", lang)
        monkeypatch.setattr(sys, "argv", ["minsheng", "doctor", *arguments])
        capfd.readouterr()
        with pytest.raises(SystemExit) as stopped:
            cli.run()
        out, errors = capfd.readouterr()
        return SimpleNamespace(code=stopped.value.code or 0, out=out, errors=errors)

    return command


def test_this_machine_is_well_and_nothing_is_contacted(run: Any, deaf: list[Any]) -> None:
    done = run("--json")
    assert done.code == 0 and done.errors == "" and not deaf
    found = json.loads(done.out)
    names = [finding["name"] for finding in found["findings"]]
    expected = {"Python", "torch", "processor", "threads", "GPU", "memory", "disk", "encoder", "tagger", "Hub",
                "LibreOffice", "console"}  # fmt: skip
    assert set(names) == expected and found["problems"] == 0
    states = {finding["name"]: finding for finding in found["findings"]}
    assert states["tagger"]["values"]["labels"] == "education"
    assert "nothing is contacted" in states["Hub"]["found"] and "--online" in states["Hub"]["advice"]
    assert all(finding["advice"] for finding in found["findings"] if finding["state"] != "ok")


def hub(*, online: bool) -> Finding:
    return rooms._hub(online=online)


@pytest.mark.parametrize("variable", OFFLINE[:2])
def test_offline_is_never_asked(monkeypatch: pytest.MonkeyPatch, deaf: list[Any], variable: str) -> None:
    monkeypatch.setenv(variable, "1")
    finding = hub(online=True)
    assert finding.state == "ok" and variable in str(finding.found) and not deaf


def test_a_hub_that_does_not_answer_is_a_note(monkeypatch: pytest.MonkeyPatch, deaf: list[Any]) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    finding = hub(online=True)
    assert finding.state == "note" and deaf and "no network here" in str(finding.found)
    assert "HF_ENDPOINT" in str(finding.advice) and "HF_HUB_OFFLINE" in str(finding.advice)
    monkeypatch.setenv("HF_ENDPOINT", "mirror.example")
    assert "must begin with https://" in str(hub(online=True).found)


@pytest.fixture(params=[200, 403])
def mirror(request: pytest.FixtureRequest) -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            asked.append(self.path)
            self.send_response(request.param)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def test_a_mirror_that_answers(monkeypatch: pytest.MonkeyPatch, mirror: tuple[str, list[str]]) -> None:
    place, asked = mirror
    monkeypatch.setenv("HF_ENDPOINT", place)
    finding = hub(online=True)
    assert finding.state == "ok" and place in str(finding.found) and len(asked) == 1
    assert hub(online=False).state == "ok" and len(asked) == 1


def test_problems_give_exit_code_1(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    said = [
        Finding("memory", "problem", Said("{free:.1f} GiB free", {"free": 0.25}),
                Said("close other programs: tagging needs about 1 GiB")),
        Finding("GPU", "note", Said("none; the processor does the work")),
    ]  # fmt: skip
    monkeypatch.setattr("minsheng.workflows.doctor.examine", lambda *, online: iter(said))
    done = run()
    assert done.code == 1 and "1 to mend, 1 to note" in done.out
    assert "problem  memory       0.2 GiB free" in done.out and "→ close other programs" in done.out
    chinese = run(lang="zh")
    assert chinese.code == 1 and "1 处需要解决，1 处请留意" in chinese.out
    first, _, second, *_ = chinese.out.splitlines()
    # Columns of the screen, where a Chinese character takes two.
    assert cell_len(first[: first.index("可用")]) == cell_len(second[: second.index("没有")])
    assert json.loads(run("--json", lang="zh").out)["findings"][0]["found"] == "0.2 GiB free"
    quiet = run("--quiet")
    assert (
        quiet.code == 1 and quiet.out.splitlines() == done.out.splitlines()[:2]
    )  # the problem and its advice


def test_what_is_wrong_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "available_memory", lambda: 100 << 20)
    assert rooms._memory().state == "problem"
    monkeypatch.setattr(rooms, "available_memory", lambda: None)
    assert rooms._memory().state == "note"
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr(rooms, "cpu_features", lambda: ("sse",))
    assert rooms._cpu().state == "note"
    monkeypatch.setattr("minsheng.modeling.shipped._FOLDER", rooms.Path("/nowhere"))
    for found in (rooms._encoder(), rooms._tagger()):
        assert found.state == "problem" and "install minsheng again" in str(found.advice)
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1 << 20))
    assert rooms._disk(rooms.Path()).state == "problem"
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert rooms._libreoffice().state == "note"
    monkeypatch.setattr("sys.stdout", SimpleNamespace(encoding="ascii"))
    assert rooms._console().state == "note"


def test_torch_that_cannot_be_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)  # import then raises ImportError
    monkeypatch.setitem(
        sys.modules, "huggingface_hub", SimpleNamespace(constants=SimpleNamespace(ENDPOINT=""))
    )
    found = {finding.name: finding.state for finding in examine()}
    assert found["torch"] == "problem" and "tagger" not in found and "memory" in found


def test_the_machine_answers() -> None:
    assert doctor_machine.usable_cores() >= 1 and doctor_machine.cpu_name()
    free = doctor_machine.available_memory()
    assert free is None or free > 1 << 20
