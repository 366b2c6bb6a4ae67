# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Completion of oomtrace for bash. Commands and options are read from the program's own --help, so that they are those of the version
# that is installed.

# _oomtrace_help COMMAND: --help of the command, or of oomtrace alone.
_oomtrace_help() {
	"${COMP_WORDS[0]/#\~/$HOME}" ${1:+"$1"} --help 2>/dev/null
}

# _oomtrace_values OPTION HELP: what OPTION can be, as words; "@file" and "@directory" for paths.
_oomtrace_values() {
	case $1 in
	--attach) echo 'auto fentry kprobe tracepoint' ;;
	--cmdline) echo 'program none full' ;;
	--scope) echo 'global memcg sysrq' ;;
	--outcome) echo 'killed group_kill victim_already_dying aborted no_killable_task notifier_freed panic unknown' ;;
	--since-boot | --bpf-stats | --journal) echo 'true false' ;;
	*)
		# The type stands behind the name: "  --store FILE   The agent's store".
		case $(sed -nE "s/^  (-.,)?${1//./[.]} ([A-Z]+)\b.*/\2/p" <<<"$2") in
		FILE) echo @file ;;
		DIRECTORY) echo @directory ;;
		esac
		;;
	esac
}

_oomtrace() {
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command='' word help commands values
	# "--name=value" comes as three words, "=" one of them.
	if [[ $current == = ]]; then
		current=''
	elif [[ $previous == = ]]; then
		previous=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	commands=$(_oomtrace_help '' | sed -nE '/^Subcommands:/,$s/^  ([a-z]+) .*/\1/p')
	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		if [[ $word != -* ]] && grep -qx -- "$word" <<<"$commands"; then
			command=$word
			break
		fi
	done
	help=$(_oomtrace_help "$command")
	COMPREPLY=()

	if [[ $previous == --* ]]; then
		values=$(_oomtrace_values "$previous" "$help")
		case $values in
		'') ;;
		@file) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
		@directory) mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
		*) mapfile -t COMPREPLY < <(compgen -W "$values" -- "$current") ;;
		esac
		# An option with a value that cannot be guessed: nothing. One without a value: what comes next.
		if [[ -n $values ]] || grep -qE "^  (-.,)?${previous//./[.]} [A-Z]+(=| |\$)" <<<"$help"; then
			[[ $values != @* ]] || compopt -o filenames 2>/dev/null
			return
		fi
	fi
	if [[ $current == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(sed -nE 's/^  (-.,)?(--[a-z0-9.-]+).*/\2/p' <<<"$help")" -- "$current")
	elif [[ -z $command ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current")
	elif [[ $command == show ]]; then
		# The newest incidents, where the store may be read.
		values=$("${COMP_WORDS[0]/#\~/$HOME}" history --json --limit 20 2>/dev/null | sed -nE 's/^.*"id":"([^"]+)".*$/\1/p')
		mapfile -t COMPREPLY < <(compgen -W "$values" -- "$current")
	elif [[ $command == replay || $command == explain ]]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		compopt -o filenames 2>/dev/null
	fi
}
complete -F _oomtrace oomtrace
