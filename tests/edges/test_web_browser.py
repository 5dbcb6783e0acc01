"""The page in a real browser, where one is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from edges.website import HOSTILE, serve

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")


def visit(url: str, profile: Path) -> tuple[str, str]:
    """Open a page with scripts allowed and give what became of it: the document as it stands, and the console."""
    assert BROWSER is not None
    switches = ("headless", "no-sandbox", "disable-gpu", "no-first-run", "disable-sync", "disable-component-update")
    done = subprocess.run(
        [
            BROWSER,
            *(f"--{switch}" for switch in (*switches, "disable-background-networking", "enable-logging=stderr")),
            "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",  # the page may ask nobody else
            f"--user-data-dir={profile}",
            "--virtual-time-budget=2000",
            "--dump-dom",
            url,
        ],
        capture_output=True,
        check=True,
        timeout=60,
        text=True,
    )
    return done.stdout, "\n".join(re.findall(r".*CONSOLE.*", done.stderr))


def test_a_browser_executes_nothing_that_vendors_write_and_has_nothing_to_complain_of(tmp_path: Path) -> None:
    with serve(tmp_path, banner=HOSTILE[0]) as website:
        website.fill(vendor_name=HOSTILE[1])
        for number, text in enumerate(HOSTILE):
            website.add_headline(text, lang=text)
            website.add_source(f"s{number}", "failing", reason=text)
        document, console = visit(website.url, tmp_path / "profile")
    assert "<title>Official AI announcements · ingest</title>" in document
    assert document.count("<li>") == 2 * len(HOSTILE)
    assert console == ""


def test_that_the_browser_above_would_notice(tmp_path: Path) -> None:
    trap = tmp_path / "trap.html"
    trap.write_text(
        "<meta http-equiv=Content-Security-Policy content=\"img-src 'none'\"><title>calm</title><img src=x:y>"
        "<script>document.title='executed'</script>"
    )
    document, console = visit(trap.as_uri(), tmp_path / "profile")
    assert "<title>executed</title>" in document
    assert "Content Security Policy" in console
