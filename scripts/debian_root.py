"""A fresh Debian 12 in a folder, for packages to be installed into. Needs root, mmdebstrap and a mirror."""

import pathlib
import shutil
import subprocess


def make(folder, kept=None):
    """Makes the folder anew. What mmdebstrap brings is kept as the archive `kept`, and taken from there when it exists."""
    kept = pathlib.Path(kept or f"{folder}.tar")
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        new = kept.with_name(f"new-{kept.name}")
        with open("/etc/apt/sources.list.d/debian.sources", "rb") as sources:
            subprocess.run(["mmdebstrap", "--quiet", "--variant=apt", "--mode=root", "bookworm", new, "-"], stdin=sources, check=True)
        new.rename(kept)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    subprocess.run(["tar", "-xpf", kept, "-C", folder], check=True)
    shutil.copy("/etc/resolv.conf", folder / "etc/resolv.conf")
    policy = folder / "usr/sbin/policy-rc.d"  # services are not started
    policy.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
    policy.chmod(0o755)


def run(folder, *command, check=True):
    """Runs a command in it, with a /proc of its own; what it writes."""
    done = subprocess.run(["unshare", "--mount", "--pid", "--fork", f"--mount-proc={folder}/proc", "chroot", folder, "env", "LC_ALL=C.UTF-8",
                           "DEBIAN_FRONTEND=noninteractive", *command], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: exit code {done.returncode}\n{done.stdout}")
    return done.stdout


def apt(folder, *arguments):
    return run(folder, "apt-get", "-q", "-y", "--no-install-recommends", *arguments)
