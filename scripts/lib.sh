# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# lib.sh - what the scripts share. Sourced, with the project's folder as working folder.

bp_say() {
	printf '%s\n' "$*"
}

bp_fail() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# Run as root: directly, or by sudo.
bp_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null 2>&1; then
		sudo "$@"
	else
		bp_fail "needs root for: $* (run it as root, or install sudo)"
	fi
}

# The package names of a list, without comments.
bp_packages() {
	sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "$1"
}

# Those of a list that are not installed, one per line.
bp_missing_packages() {
	bp_packages "$1" | while read -r package; do
		# shellcheck disable=SC2016 # dpkg's own variables
		status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || status=none
		[ "$status" = installed ] || printf '%s\n' "$package"
	done
}

# Install what is missing of a list, with Debian's recommends left out. Silent when nothing is.
bp_install() {
	command -v dpkg-query >/dev/null 2>&1 ||
		bp_fail "this is not Debian: install what $1 names by hand, then build with cmake"
	missing=$(bp_missing_packages "$1")
	[ -n "$missing" ] || return 0
	# One line; names have no blanks.
	# shellcheck disable=SC2086
	set -- $missing
	bp_say "installing: $*"
	if [ -z "${bp_updated:-}" ]; then
		bp_root apt-get update -qq || bp_fail "apt-get update failed: is there a network?"
		bp_updated=yes
	fi
	bp_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
		--no-install-recommends "$@" >/dev/null || bp_fail "apt-get install failed: $*"
}
