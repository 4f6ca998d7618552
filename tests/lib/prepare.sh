# shellcheck shell=sh
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
#
# What ./demo and ./check share: missing packages, and building out of tree.

: "${program:?is set by the caller: its name}" "${root:?is set by the caller: the directory of the source}"

# Debian keeps the servers out of an ordinary user's PATH.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

say() {
	printf '%s: %s\n' "$program" "$*"
}

die() {
	say "$@" >&2
	exit 1
}

# has KIND NAME: whether a command, a file, a pkg-config module, a module of Debian's Python or what a flag of clang's links is there.
has() {
	case $1 in
	command) command -v "$2" >/dev/null ;;
	file) [ -e "$2" ] ;;
	module) pkg-config --exists "$2" 2>/dev/null ;;
	clang) echo 'int main(void) { return 0; }' | clang "$2" -x c -o /dev/null - 2>/dev/null ;;
	python) /usr/bin/python3 -c "import $2" 2>/dev/null ;;
	esac
}

# Reads lines "KIND NAME PACKAGE", one for each thing that is needed; prints the packages of what is missing.
missing_packages() {
	while read -r kind name package; do
		has "$kind" "$name" || printf '%s\n' "$package"
	done | sort -u | tr '\n' ' '
}

apt_install() {
	# Lists of packages may be absent or old: only then are they fetched anew.
	export DEBIAN_FRONTEND=noninteractive
	# shellcheck disable=SC2086 # a list of words
	apt-get install -y --no-install-recommends $1 >&2 ||
		{ apt-get update >&2 && apt-get install -y --no-install-recommends $1 >&2; }
}

# Installs what is missing of the things listed on standard input, or tells what to install.
need() {
	packages=$(missing_packages)
	[ -n "$packages" ] || return 0
	command -v apt-get >/dev/null || die "missing; the names of the Debian packages are: $packages"
	[ "$(id -u)" -eq 0 ] || die "missing; install it with: sudo apt-get install --no-install-recommends $packages"
	say "installing $packages"
	apt_install "$packages" || die "could not install $packages"
}

# What a build needs.
build_needs() {
	cat <<-END
		command autoreconf autoconf
		command aclocal automake
		command make make
		command cc gcc
		command pkg-config pkg-config
		module fcgi libfcgi-dev
		module json-c libjson-c-dev
		module libmariadb default-libmysqlclient-dev
		module inih libinih-dev
		module libcrypto libssl-dev
		module libxcrypt libcrypt-dev
	END
}

# What a private database and web server need: the programs alone, no service of the system's.
server_needs() {
	cat <<-END
		command mariadbd mariadb-server-core
		command mariadb-install-db mariadb-server-core
		command mariadb mariadb-client-core
		command lighttpd lighttpd
	END
}

# build DIRECTORY [CONFIGURE-ARGUMENT...]: brings the programs in DIRECTORY up to date.
build() {
	directory=$1
	shift
	# Once it has run, make sees to it that it runs again when it must.
	[ -f "$root/Makefile.in" ] || (cd "$root" && autoreconf -i) || return 1
	if [ ! -f "$directory/Makefile" ]; then
		mkdir -p "$directory" && (cd "$directory" && "$root/configure" --quiet "$@") || return 1
	fi
	make -s -C "$directory" -j "$(getconf _NPROCESSORS_ONLN)" all
}
