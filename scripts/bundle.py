#!/usr/bin/env python3
"""Copies the libraries that the programs of a folder need into it, so that it runs where they are not installed.

    bundle.py FOLDER              those beside the C and C++ runtime and its loader, which every Linux with glibc has
    bundle.py FOLDER --all        all of them, at the paths where the loader looks: for an image without anything else

Of FOLDER/bin/* (or FOLDER/usr/bin/*). Without --all, libraries are put into lib/highwater, and programs and libraries look for
each other by their own place (RUNPATH). The copyright file of each library's Debian package comes along.
"""
import pathlib
import re
import shutil
import subprocess
import sys

# Of glibc and gcc: they belong to the loader of the machine, and must be of its kind.
RUNTIME = re.compile(r"(ld-linux.*|lib(c|m|dl|rt|pthread|resolv|gcc_s|stdc\+\+)\.so.*|linux-vdso.*)")


def run(*command):
    return subprocess.run(command, text=True, stdout=subprocess.PIPE, check=True).stdout


def libraries_of(program):
    """name -> path, as the loader finds them."""
    found = dict(re.findall(r"^\s*(\S+) => (/\S+)", run("ldd", program), re.MULTILINE))
    loader = re.search(r"^\s*(/\S+/ld-linux\S+)", run("ldd", program), re.MULTILINE)
    if loader:
        found[loader.group(1)] = loader.group(1)
    return found


def package_of(path):
    """The Debian package that a file belongs to. Its database may know it below /lib or below /usr/lib."""
    real = str(pathlib.Path(path).resolve())
    for candidate in (real, real.removeprefix("/usr")):
        asked = subprocess.run(["dpkg-query", "--search", candidate], text=True, capture_output=True, check=False)
        if asked.returncode == 0:
            return asked.stdout.split(":")[0]
    sys.exit(f"bundle: no package has {path}")


def main(folder, everything):
    programs = sorted((folder / ("usr/bin" if everything else "bin")).iterdir())
    needed = {}
    for program in programs:
        needed.update(libraries_of(program))
    packages = set()
    for name, path in sorted(needed.items()):
        if not everything and RUNTIME.fullmatch(pathlib.Path(name).name):
            continue
        packages.add(package_of(path))
        target = folder / path.lstrip("/") if everything else folder / "lib/highwater" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(pathlib.Path(path).resolve(), target)
        target.chmod(0o755)
        if not everything:
            run("patchelf", "--set-rpath", "$ORIGIN", str(target))
    if not everything:
        for program in programs:
            run("patchelf", "--set-rpath", "$ORIGIN/../lib/highwater", str(program))
    texts = folder / ("usr/share/doc" if everything else "share/doc/highwater/libraries")
    for package in sorted(packages):
        (texts / package).mkdir(parents=True, exist_ok=True)
        shutil.copy(f"/usr/share/doc/{package}/copyright", texts / package / "copyright")
    print("\n".join(sorted(packages)))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]).resolve(), "--all" in sys.argv[2:])
