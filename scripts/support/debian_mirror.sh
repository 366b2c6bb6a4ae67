# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Sourced. debian_mirror SUFFIX: the Debian mirror of this system's own apt sources whose path ends in SUFFIX (debian,
# debian-security), so that a local mirror is used where there is one. Prints nothing where there is none.
debian_mirror() {
	{
		apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 2>/dev/null
		# Without package lists apt knows no origin; the sources themselves are always there.
		cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
			grep -v '^#' | grep -oE 'https?://[^] ]+'
	} | sed 's,/*$,,' | grep -m 1 "/$1\$" || true
}
