#!/usr/bin/env python3
"""Copies the libraries that the programs of a folder need into it, so that it runs where they are not installed.

    bundle.py FOLDER    of FOLDER/bin/*, into FOLDER/lib/highwater

Not those of glibc and gcc, which belong to the loader of the machine. Programs and libraries look for each other by their own place
(RUNPATH). The copyright file of each library's Debian package comes along.
"""
import pathlib
import re
import shutil
import subprocess
import sys

RUNTIME = re.compile(r"(ld-linux.*|lib(c|m|dl|rt|pthread|resolv|gcc_s|stdc\+\+)\.so.*)")


def run(*command):
    return subprocess.run(command, text=True, stdout=subprocess.PIPE, check=True).stdout


def package_of(path):
    """The Debian package that a file belongs to. Its database may know it below /lib or below /usr/lib."""
    real = str(pathlib.Path(path).resolve())
    for candidate in (real, real.removeprefix("/usr")):
        asked = subprocess.run(["dpkg-query", "--search", candidate], text=True, capture_output=True, check=False)
        if asked.returncode == 0:
            return asked.stdout.split(":")[0]
    sys.exit(f"bundle: no package has {path}")


def main(folder):
    programs = sorted((folder / "bin").iterdir())
    needed = dict(re.findall(r"^\s*(\S+) => (/\S+)", run("ldd", *map(str, programs)), re.MULTILINE))
    packages = set()
    for name, path in sorted(needed.items()):
        if RUNTIME.fullmatch(name):
            continue
        packages.add(package_of(path))
        target = folder / "lib/highwater" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(pathlib.Path(path).resolve(), target)
        target.chmod(0o755)
        run("patchelf", "--set-rpath", "$ORIGIN", str(target))
    for program in programs:
        run("patchelf", "--set-rpath", "$ORIGIN/../lib/highwater", str(program))
    for package in sorted(packages):
        texts = folder / "share/doc/highwater/libraries" / package
        texts.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(f"/usr/share/doc/{package}/copyright", texts / "copyright")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]).resolve())
