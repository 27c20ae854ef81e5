"""What the tests of pages in a browser share: Chromium with one page, driven line by line, and what npm has for them."""

import json
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "browser"
PACKAGES = ["playwright-core@1", "axe-core@4"]


def install():
    """Takes playwright-core and axe-core from npm's registry, into build/browser; that folder."""
    for program in ("npm", "node"):
        if not shutil.which(program):
            sys.exit(f"there is no {program}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent", "--prefix", str(FOLDER), *PACKAGES], check=True)
    return FOLDER


class Browser:
    """One page of one browser; ends with close(). `pace`: milliseconds between two reads of the page."""

    def __init__(self, pace=5000):
        self.process = subprocess.Popen(["node", str(ROOT / "tests" / "browser" / "driver.mjs"), str(pace)], cwd=FOLDER,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def do(self, name, **arguments):
        self.process.stdin.write(json.dumps({"name": name, **arguments}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise AssertionError(f"{name} {arguments}: {answer['error']}")
        return answer["value"]

    def open(self, url):
        """Milliseconds until all of it is loaded."""
        return self.do("open", url=url)

    def wait(self, text, seconds):
        """Until the page, which is not loaded again, shows the text; the seconds that took."""
        return self.do("wait", text=text, timeout=seconds * 1000) / 1000

    def gone(self, text, seconds):
        self.do("gone", text=text, timeout=seconds * 1000)

    def close(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            self.process.wait(20)
