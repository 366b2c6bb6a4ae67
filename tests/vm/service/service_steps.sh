#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs in the guest of service_test.py, a Debian in which the agent is a service of systemd, and leaves in /out what was to be seen of
# it, for the host to judge: a directory for each step. Fails when the guest could not do what a step needs.
set -u -o pipefail

url=http://127.0.0.1:19637
config=/etc/oomtrace/agent.conf
dropin=/run/systemd/system/oomtrace.service.d/test.conf
message_id=$(sed -n 's/^-- //p' /usr/lib/systemd/catalog/oomtrace.catalog)

fail() {
	echo "service_steps: $step: $1" >&2
	journalctl --boot --output short-monotonic >/out/journal.txt
	exit 1
}

uptime_s() { cut -d ' ' -f 1 /proc/uptime; }
begin() {
	step=$1 out=/out/$1
	mkdir -p "$out"
	uptime_s >"$out/begin"
}

# wait_until SECONDS WHAT COMMAND...
wait_until() {
	local seconds=$1 what=$2
	shift 2
	for ((i = 0; i < seconds * 5; ++i)); do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.2
	done
	fail "waited $seconds s in vain until $what"
}

is_active() { [[ $(property ActiveState) == active ]]; }
property() { systemctl show --property "$1" --value oomtrace.service; }
kept() { oomtrace history --json 2>/dev/null | wc -l; }
are_kept() { [[ $(kept) -ge $1 ]]; }
is_ready() { [[ $(curl --silent --output /dev/null --write-out '%{http_code}' $url/readyz) == 200 ]]; }

# look NAME: the service as it is now, into files that begin with NAME.
look() {
	systemctl show oomtrace.service >"$out/$1.show"
	cat "/proc/$(property MainPID)/status" >"$out/$1.status" 2>/dev/null
	cat "/proc/$(property MainPID)/oom_score_adj" >"$out/$1.oom_score_adj" 2>/dev/null
	cat "/proc/$(property MainPID)/fdinfo/"* 2>/dev/null | grep '^link_type:' >"$out/$1.links"
	curl --silent $url/metrics >"$out/$1.metrics"
	for path in healthz readyz; do
		curl --silent --write-out '%{http_code}\n' $url/$path >"$out/$1.$path"
	done
}

# count NAME: the OOMs so far, by the store, the journal and the kernel.
count() {
	oomtrace history --json >"$out/$1.history"
	journalctl --boot --output json "MESSAGE_ID=$message_id" >"$out/$1.journal"
	dmesg >"$out/$1.dmesg"
}

# run_out NAME: a service that is killed at its limit, and returns when it has been.
run_out() {
	systemd-run --quiet --wait --unit "$1" --property MemoryMax=64M --property MemorySwapMax=0 \
		oom_workload eat --name "$1" 2>>"$out/run_out"
	echo "$1 $?" >>"$out/run_out"
}

# method METHOD: has the agent attach by that one.
method() {
	echo "attach = $1" >$config
	systemctl restart oomtrace.service || fail "does not start with $1"
	wait_until 60 'it is ready' is_ready
}

begin start
wait_until 120 'the agent is active' is_active
wait_until 60 'it is ready' is_ready
look after
SYSTEMD_COLORS=0 systemd-analyze security --no-pager oomtrace.service >"$out/security"

begin kills
run_out hog
loginctl enable-linger alice || fail 'no user manager'
wait_until 60 "alice's manager is there" test -S /run/user/1000/systemd/private
runuser -u alice -- env XDG_RUNTIME_DIR=/run/user/1000 systemctl --user start greedy.service || fail "alice's unit does not start"
wait_until 60 'two incidents are kept' are_kept 2
systemd-run --quiet --wait --unit glutton --property OOMScoreAdjust=500 oom_workload eat --name glutton 2>>"$out/run_out"
wait_until 60 'three incidents are kept' are_kept 3
look after
count after
curl --silent $url/api/v1/incidents >"$out/api"
journalctl --boot --catalog --output short "MESSAGE_ID=$message_id" >"$out/catalog"
journalctl --boot --unit hog.service --output json >"$out/unit.journal"

begin other_methods
for name in kprobe tracepoint; do
	method $name
	look $name
	run_out "hog-$name"
done
: >$config
wait_until 60 'five incidents are kept' are_kept 5
look last

begin killed
# From the next start on: ten minutes are too long to wait for.
mkdir -p "${dropin%/*}"
printf '[Service]\nWatchdogSec=16s\nTimeoutAbortSec=2s\n' >$dropin
systemctl daemon-reload
# It waits with a shell's memory until it is wanted: systemd-run takes its time, and there are five seconds.
mkfifo /run/go
systemd-run --quiet --unit unseen --property MemoryMax=64M --property MemorySwapMax=0 \
	bash -c 'read -r _ </run/go; exec oom_workload eat --name unseen' || fail 'no unit'
sleep 1
look before
kill -KILL "$(property MainPID)"
echo go >/run/go
wait_until 4 'the unit was killed' systemctl --quiet is-failed unseen.service
property ActiveState >"$out/state_at_the_kill"
uptime_s >"$out/uptime_at_the_kill"
wait_until 90 'it is back' is_active
wait_until 60 'it is ready' is_ready
wait_until 60 'six incidents are kept' are_kept 6
look after
count after

begin watchdog
look before
sleep 24
look fed
stopped=$(property MainPID)
kill -STOP "$stopped"
is_another() { is_active && [[ $(property MainPID) != "$stopped" ]]; }
wait_until 180 'systemd has started another one' is_another
wait_until 60 'it is ready' is_ready
look after
rm $dropin
systemctl daemon-reload

begin reload
look before
log_since_reload() { journalctl --unit oomtrace.service --output cat --since "$since"; }
since=$(date '+%F %T')
printf 'store.max-incidents = 50\nring-size = 16M\nweb.max-connections = 5\n' >$config
systemctl reload oomtrace.service
echo $? >"$out/good.result"
says() { log_since_reload | grep -q "$1"; }
wait_until 30 'it has reloaded' says 'configuration was read again'
log_since_reload >"$out/good.log"
sleep 1.1
since=$(date '+%F %T')
printf 'store.max-incidents = 50\n\nattach = sideways\n' >$config
systemctl reload oomtrace.service
echo $? >"$out/bad.result"
wait_until 30 'it has refused' says 'stays as it was'
log_since_reload >"$out/bad.log"
look after
: >$config

begin stop
uptime_s >"$out/asked"
systemctl stop oomtrace.service
uptime_s >"$out/stopped"
systemctl show oomtrace.service >"$out/after.show"
run_out stopped
systemctl start oomtrace.service || fail 'does not start again'
wait_until 60 'it is ready' is_ready
wait_until 60 'seven incidents are kept' are_kept 7
look again
count again
mkdir "$out/incidents"
curl --silent $url/api/v1/incidents >"$out/api"
for id in $(grep -o '"id":"[^"]*"' "$out/api" | cut -d '"' -f 4); do
	oomtrace show --json "$id" >"$out/incidents/$id.json" || fail "cannot show $id"
	oomtrace show "$id" >"$out/incidents/$id.txt"
done

begin machines
cd "$out" || fail "no directory"
container=/var/lib/machines/started
choom --adjust 0 -- systemd-nspawn --quiet --directory $container --machine registered --property MemoryMax=64M --property MemorySwapMax=0 \
	/tail /dev/zero >nspawn 2>&1
systemctl set-property --runtime systemd-nspawn@started.service MemoryMax=64M MemorySwapMax=0
systemctl start systemd-nspawn@started.service # it may fail: it is killed
wait_until 60 'nine incidents are kept' are_kept 9
oomtrace history --json >history
cd / || fail "no root"

begin rootless_podman
# What alice starts: not with the oom_score_adj of this script.
podman() {
	choom --adjust 0 -- runuser -u alice -- env --chdir /home/alice HOME=/home/alice XDG_RUNTIME_DIR=/run/user/1000 \
		DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/1000/bus podman "$@" 2>>"$out/podman.stderr"
}
# run_container NAME PROGRAM OPTION...
run_container() {
	podman run --name "$1" --cidfile "/home/alice/$1.id" --memory 32M --memory-swap 32M --log-driver none "${@:3}" localhost/started "/$2" /dev/zero
	echo "$1 $?" >>"$out/statuses"
	cp "/home/alice/$1.id" "$out/$1.id"
}
podman import /usr/local/share/started.tar localhost/started >/dev/null || fail 'no image'
run_container alone tac --network none
podman inspect alone >"$out/alone.inspect"
run_container gone shuf --network none --rm
podman pod create --name larder --network none --infra-image localhost/started --infra-command '/busybox sleep 3600' >/dev/null || fail 'no pod'
podman pod inspect larder >"$out/larder.inspect"
run_container in_pod sort --pod larder
podman inspect in_pod >"$out/in_pod.inspect"
wait_until 60 'twelve incidents are kept' are_kept 12
oomtrace history --json >"$out/history"

step=end
journalctl --boot --output short-monotonic >/out/journal.txt
journalctl --boot --output json _SYSTEMD_UNIT=oomtrace.service >/out/agent.journal
uptime_s >/out/uptime
