# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""Runs a command under the system call filter and the address families of a unit file, as systemd would set them, on x86-64:
confine.py UNIT USER COMMAND [ARGUMENT ...], where USER may be empty. What the unit refuses ends the process, so that nothing is refused
unseen."""
import ctypes
import os
import pathlib
import platform
import pwd
import re
import signal
import shutil
import socket
import struct
import subprocess
import sys

# Debian has the headers of other machines beside ours.
PLACES = (pathlib.Path("/usr/include", *place, "asm/unistd_64.h") for place in (("x86_64-linux-gnu",), ()))
NUMBERS = next(filter(pathlib.Path.exists, PLACES), None)
ABSENT = ("only x86-64 is known here" if platform.machine() != "x86_64" else
          "systemd-analyze is not installed" if not shutil.which("systemd-analyze") else
          "the kernel's headers are not installed" if NUMBERS is None else None)

PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 1, 38, 22, 2
ALLOW, KILL_PROCESS, REFUSE_FAMILY = 0x7fff0000, 0x80000000, 0x00050000 | 97  # EAFNOSUPPORT, as systemd has it
ARCHITECTURE_X86_64, X32_BIT = 0xc000003e, 0x40000000
LOAD, JUMP_IF_EQUAL, JUMP_IF_AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
OFFSET_NUMBER, OFFSET_ARCHITECTURE, OFFSET_FIRST_ARGUMENT = 0, 4, 16


def groups():
	"""@group -> what it has in it, groups among it."""
	text = subprocess.run(["systemd-analyze", "--no-pager", "syscall-filter"], check=True, capture_output=True, text=True).stdout
	found = {}
	for line in text.splitlines():
		if line.startswith("@"):
			name = line.strip()
			found[name] = set()
		elif line.startswith("    ") and not line.strip().startswith("#"):
			found[name].add(line.strip())
	return found


def expand(names, known):
	"""The system calls of names and groups."""
	return {call for name in names for call in (expand(known[name], known) if name.startswith("@") else {name})}


def settings(unit, key):
	"""The values of a key in their order, each a list of words."""
	return [line.split() for line in re.findall(rf"^{key}=(.*)$", pathlib.Path(unit).read_text(), re.MULTILINE)]


def allowed_calls(unit):
	"""The first line is what is allowed, with what systemd always adds; later ones take away (~) or add."""
	known = groups()
	calls = expand(["@default"], known)
	for first, *rest in settings(unit, "SystemCallFilter"):
		if first.startswith("~"):
			calls -= expand([first[1:], *rest], known)
		else:
			calls |= expand([first, *rest], known)
	return calls


def numbers():
	return {name: int(number) for name, number in re.findall(r"^#define __NR_(\w+)\s+(\d+)$", NUMBERS.read_text(), re.MULTILINE)}


def instruction(code, value, if_true=0, if_false=0):
	return struct.pack("HBBI", code, if_true, if_false, value)


def program(unit):
	"""The filter in the kernel's own language."""
	known = numbers()
	families = [getattr(socket, name) for words in settings(unit, "RestrictAddressFamilies") for name in words]
	code = [instruction(LOAD, OFFSET_ARCHITECTURE), instruction(JUMP_IF_EQUAL, ARCHITECTURE_X86_64, 1, 0), instruction(RETURN, KILL_PROCESS),
	        instruction(LOAD, OFFSET_NUMBER), instruction(JUMP_IF_AT_LEAST, X32_BIT, 0, 1), instruction(RETURN, KILL_PROCESS)]
	for name in sorted(allowed_calls(unit) & set(known) - {"socket"}):
		code += [instruction(JUMP_IF_EQUAL, known[name], 0, 1), instruction(RETURN, ALLOW)]
	code += [instruction(JUMP_IF_EQUAL, known["socket"], 1, 0), instruction(RETURN, KILL_PROCESS), instruction(LOAD, OFFSET_FIRST_ARGUMENT)]
	for family in families:
		code += [instruction(JUMP_IF_EQUAL, family, 0, 1), instruction(RETURN, ALLOW)]
	return b"".join([*code, instruction(RETURN, REFUSE_FAMILY)])


def confine(unit, user):
	libc = ctypes.CDLL(None, use_errno=True)
	code = program(unit)
	if user:
		os.setgroups([])
		os.setgid(pwd.getpwnam(user).pw_gid)
		os.setuid(pwd.getpwnam(user).pw_uid)
		libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # which a change of the user clears
	buffer = ctypes.create_string_buffer(code, len(code))
	header = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer))
	if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 or libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header, 0, 0) != 0:
		raise OSError(ctypes.get_errno(), "prctl")


if __name__ == "__main__":
	confine(sys.argv[1], sys.argv[2])
	os.execv(sys.argv[3], sys.argv[3:])
