#!/usr/bin/python3
"""Starts a service of a root folder as its systemd unit says, where there is no systemd: user, umask, limits, capabilities, read-only
files, private /tmp and /dev, system calls and address families are the unit's.

    unshare --mount --pid --fork as_unit.py ROOT UNIT

Not reproduced: cgroup limits (TasksMax, OOMScoreAdjust) and LoadCredential.
"""
import ctypes
import errno
import os
import pwd
import re
import resource
import subprocess
import sys

import seccomp

PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 24, 38
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10}
PROT_WRITE, PROT_EXEC = 2, 4
CLONE_NEW = (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)
DEVICES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9)}


def settings_of(unit):
    """key -> list of values, in order."""
    found = {}
    with open(unit, encoding="utf-8") as file:
        for key, value in re.findall(r"^(\w+)=(.*)$", file.read(), re.MULTILINE):
            found.setdefault(key, []).append(value.strip())
    return found


def calls_of(group, seen=()):
    """The system calls of a group such as @system-service, with those of the groups in it."""
    listing = subprocess.run(["systemd-analyze", "syscall-filter", group], text=True, stdout=subprocess.PIPE, check=True).stdout
    calls = set()
    for word in re.findall(r"^ {4}([@\w][\w-]*)$", listing, re.MULTILINE):
        calls |= calls_of(word, (*seen, group)) if word.startswith("@") and word not in seen else {word}
    return {call for call in calls if not call.startswith("@")}


def filter_of(settings):
    allowed = calls_of("@default")  # systemd always adds these
    for value in settings["SystemCallFilter"]:
        for word in value.removeprefix("~").split():
            calls = calls_of(word) if word.startswith("@") else {word}
            allowed = allowed - calls if value.startswith("~") else allowed | calls
    refused = seccomp.ERRNO(getattr(errno, settings["SystemCallErrorNumber"][0]))
    rules = seccomp.SyscallFilter(refused)
    families = [FAMILIES[word] for word in settings["RestrictAddressFamilies"][0].split()]
    for call in sorted(allowed | {"execve"}):
        try:
            if call == "socket":
                for family in families:
                    rules.add_rule(seccomp.ALLOW, call, seccomp.Arg(0, seccomp.EQ, family))
            elif call in ("mmap", "mprotect", "pkey_mprotect") and settings["MemoryDenyWriteExecute"] == ["yes"]:
                # Of mmap what is writable and executable at once, of mprotect whatever becomes executable.
                mask = PROT_WRITE | PROT_EXEC if call == "mmap" else PROT_EXEC
                for value in {0, PROT_WRITE, PROT_EXEC} if call == "mmap" else {0}:
                    rules.add_rule(seccomp.ALLOW, call, seccomp.Arg(2, seccomp.MASKED_EQ, mask, value))
            elif call == "clone":
                rules.add_rule(seccomp.ALLOW, call, seccomp.Arg(0, seccomp.MASKED_EQ, sum(CLONE_NEW), 0))
            elif call == "clone3":  # its flags cannot be looked at: glibc falls back to clone
                rules.add_rule(seccomp.ERRNO(errno.ENOSYS), call)
            elif call != "unshare" and call != "setns":
                rules.add_rule(seccomp.ALLOW, call)
        except RuntimeError:
            pass  # of another architecture
    return rules


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)


def make_files(root, writable):
    mount("--bind", root, root)
    mount("-o", "remount,bind,ro", root)
    mount("--bind", f"{root}{writable}", f"{root}{writable}")
    mount("-o", "remount,bind,rw,nosuid,nodev", f"{root}{writable}")
    mount("-t", "proc", "-o", "hidepid=invisible,nosuid,nodev,noexec", "proc", f"{root}/proc")
    for folder in "tmp", "var/tmp", "dev", "home", "root":
        mount("-t", "tmpfs", "-o", "mode=1777" if folder.endswith("tmp") else "mode=755", "tmpfs", f"{root}/{folder}")
    for name, numbers in DEVICES.items():
        os.mknod(f"{root}/dev/{name}", 0o020666, os.makedev(*numbers))
        os.chmod(f"{root}/dev/{name}", 0o666)


def main(root, unit):
    settings = settings_of(unit)
    state = f"/var/lib/{settings['StateDirectory'][0]}"
    rules = filter_of(settings)
    libc = ctypes.CDLL(None, use_errno=True)
    make_files(root, state)
    os.chroot(root)
    os.chdir(settings["WorkingDirectory"][0])
    user = pwd.getpwnam(settings["User"][0])
    # A container may have no right to raise it.
    files = min(int(settings["LimitNOFILE"][0]), resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(1024, files), files))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(int(settings["UMask"][0], 8))
    assert settings["CapabilityBoundingSet"] == [""]
    for capability in range(64):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    if settings["NoNewPrivileges"] == ["yes"]:
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    rules.load()
    command = settings["ExecStart"][0].split()
    environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "STATE_DIRECTORY": state, "HOME": user.pw_dir, "USER": user.pw_name}
    os.execve(command[0], command, environment)


if __name__ == "__main__":
    main(os.path.realpath(sys.argv[1]), sys.argv[2])
