# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Sourced. private_apt DIRECTORY ARCH MIRROR SUITE: has apt (by APT_CONFIG) keep its configuration, lists and packages there, for that
# architecture, as if nothing were installed. The system's own apt state stays as it is, and no root is needed.
private_apt() {
	local apt=$1 arch=$2 mirror=$3 suite=$4 keyring=/usr/share/keyrings/debian-archive-keyring.gpg tool
	for tool in apt-get apt-cache dpkg-deb tar flock; do
		command -v "$tool" >/dev/null || die "$tool is not installed" "packages come from Debian's archive: run this on Debian or a derivative"
	done
	[ -r "$keyring" ] || die "cannot read $keyring" "apt-get install debian-archive-keyring"
	[ -n "$mirror" ] || die "no Debian mirror for $suite is among this system's apt sources" \
		"name one: OOMTRACE_MIRROR=http://MIRROR/debian OOMTRACE_SECURITY_MIRROR=http://MIRROR/debian-security"

	mkdir -p "$apt"/{etc/parts,state/lists/partial,cache/archives/partial,log}
	printf 'deb [arch=%s signed-by=%s] %s %s main\n' "$arch" "$keyring" "$mirror" "$suite" >"$apt/etc/sources.list"
	{
		# The user's proxy settings, and nothing else of the system's configuration: its hooks would run here too.
		apt-config dump Acquire::http Acquire::https
		cat <<CONF
APT::Architecture "$arch";
APT::Architectures { "$arch"; };
APT::Sandbox::User "root";
APT::Get::List-Cleanup "false";
Acquire::Languages "none";
Acquire::Retries "3";
Dir "$apt/";
Dir::Etc "$apt/etc/";
Dir::Etc::sourcelist "sources.list";
Dir::Etc::sourceparts "parts/";
Dir::Etc::parts "parts/";
Dir::Etc::preferences "none";
Dir::Etc::preferencesparts "parts/";
Dir::State "$apt/state/";
Dir::State::status "$apt/state/status";
Dir::Cache "$apt/cache/";
Dir::Log "$apt/log/";
CONF
	} >"$apt/etc/apt.conf"
	: >"$apt/state/status"
	export APT_CONFIG=$apt/etc/apt.conf
}
