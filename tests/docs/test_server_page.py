"""The files of docs/server.md are ones that their programs take."""

import re
import shutil
import subprocess
from pathlib import Path
from textwrap import dedent

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "server.md").read_text("utf-8")
BLOCKS = [dedent(b) for b in re.findall(r"(?:^    .*\n|^\n(?=    ))+", PAGE, re.M)]


def block(words: str) -> str:
    (found,) = [one for one in BLOCKS if words in one]
    return found.strip("\n") + "\n"


def test_unit_is_one_that_systemd_takes(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd is not installed (apt-get install systemd)")
    unit = tmp_path / "newsletter.service"
    # Neither program nor user of the page need to be on this computer.
    text = block("[Unit]").replace("/opt/newsletter/bin/newsletter", "/bin/true")
    unit.write_text(text.replace("User=letter", "User=root"))
    done = subprocess.run(
        [analyze, "verify", unit], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_nginx_takes_its_configuration(tmp_path: Path) -> None:
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin:/bin")
    if nginx is None:
        pytest.skip("nginx is not installed (apt-get install nginx)")
    # Without the certificate, on ports that need no rights; a taken one is no matter.
    site = re.sub(r".*(ssl_certificate|\[::\]).*\n", "", block("return 301"))
    site = re.sub(r"listen (\d+).*;", r"listen 127.0.0.1:18\1;", site)
    below = block("location /news/")
    text = (
        f"pid {tmp_path}/pid;\nerror_log {tmp_path}/log;\nevents {{}}\nhttp {{\n"
        f"access_log off;\n{site}\nserver {{\nlisten 127.0.0.1:18081;\n{below}}}\n}}\n"
    ).replace("/var/log/nginx", str(tmp_path))
    (tmp_path / "nginx.conf").write_text(text)
    done = subprocess.run(
        [nginx, "-t", "-e", tmp_path / "log", "-c", tmp_path / "nginx.conf"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("words", ["exclude http.log.error", "handle_path"])
def test_caddy_takes_its_configuration(words: str, tmp_path: Path) -> None:
    caddy = shutil.which("caddy")
    if caddy is None:
        pytest.skip("Caddy is not installed (apt-get install caddy)")
    text = block(words)
    if words == "handle_path":
        text = f"example.org {{\n{text}}}\n"
    file = tmp_path / "Caddyfile"
    file.write_text(text)
    done = subprocess.run(
        [caddy, "adapt", "--adapter", "caddyfile", "--config", file],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_pages_name_the_same_places() -> None:
    command = "/opt/newsletter/bin/newsletter"
    assert f"{command} serve --project /srv/letter/project" in block("[Unit]")
    pipe = f"user=letter argv={command} inbox --from - --project /srv/letter/project"
    assert pipe in (DOCS / "returned-mail.md").read_text("utf-8")
