// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Who trigger and victim are.
#include "process_identity.bpf.h"

#include "read_task.bpf.h"
#include "wire_emit.bpf.h"

#define SIGKILL 9
#define MAX_PATH_STEPS 48 /* directories and mounts from a program up to the root */

/* As get_mm_cmdline() of fs/proc/base.c: a process that has written over the NUL at their end has made a title of them. */
static __always_inline void copy_arguments(struct wire_process_identity *record, struct mm_struct *mm)
{
	__u64 begin = BPF_CORE_READ(mm, arg_start), end = BPF_CORE_READ(mm, arg_end);
	__u64 bytes = end > begin ? end - begin : 0;
	char last = 0;
	long result;

	record->argument_bytes = bytes;
	if (!bytes)
		return;
	bpf_probe_read_user(&last, sizeof(last), (void *)(end - 1));
	if (last || tracer.arguments == ARGUMENTS_FIRST) {
		record->valid |= WIRE_IDENTITY_FIRST_ALONE;
		result = bpf_probe_read_user_str(record->arguments, sizeof(record->arguments), (void *)begin);
		if (result > 0)
			record->arguments_copied = result - 1;
	} else if (bytes < sizeof(record->arguments)) {
		bytes &= sizeof(record->arguments) - 1;
		result = bpf_probe_read_user(record->arguments, bytes, (void *)begin);
		if (!result)
			record->arguments_copied = bytes;
	} else {
		result = bpf_probe_read_user(record->arguments, sizeof(record->arguments), (void *)begin);
		if (!result)
			record->arguments_copied = sizeof(record->arguments);
	}
	if (result >= 0)
		record->valid |= WIRE_IDENTITY_ARGUMENTS;
}

/* As d_path(), but from the file upwards. */
static __always_inline void copy_exe(struct wire_process_identity *record, struct mm_struct *mm)
{
	struct file *file = BPF_CORE_READ(mm, exe_file);
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry), *parent;
	struct mount *mount = (void *)BPF_CORE_READ(file, f_path.mnt) - bpf_core_field_offset(struct mount, mnt);
	__u32 at = 0;

	if (!dentry)
		return;
	record->valid |= WIRE_IDENTITY_EXE;
	/* A file of the kernel's own, like a memfd, is a root with a name. */
	parent = BPF_CORE_READ(dentry, d_parent);
	if (parent == dentry) {
		record->valid |= WIRE_IDENTITY_EXE_DELETED;
		bpf_probe_read_kernel_str(record->exe, WIRE_NAME_LEN, BPF_CORE_READ(dentry, d_name.name));
		return;
	}
	if (!BPF_CORE_READ(dentry, d_hash.pprev)) /* d_unhashed() */
		record->valid |= WIRE_IDENTITY_EXE_DELETED;
	for (int i = 0; i < MAX_PATH_STEPS; i++) {
		parent = BPF_CORE_READ(dentry, d_parent);
		if (dentry == BPF_CORE_READ(mount, mnt.mnt_root)) {
			struct mount *below = BPF_CORE_READ(mount, mnt_parent);
			if (below == mount)
				return;
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			mount = below;
			continue;
		}
		if (parent == dentry)
			return;
		/* `at` stays below the size of the field, also behind the longest name. */
		if (at >= sizeof(record->exe) - WIRE_NAME_LEN)
			break;
		long length = bpf_probe_read_kernel_str(record->exe + at, WIRE_NAME_LEN, BPF_CORE_READ(dentry, d_name.name));
		if (length < 0)
			break;
		at = (at + length) & (sizeof(record->exe) - 1);
		dentry = parent;
	}
	record->valid |= WIRE_IDENTITY_EXE_CUT;
}

static __always_inline void copy_identity(struct wire_process_identity *record, struct mm_struct *mm)
{
	copy_exe(record, mm);
	if (tracer.arguments)
		copy_arguments(record, mm);
	else
		record->valid |= WIRE_IDENTITY_WITHHELD;
}

__noinline int emit_trigger_identity(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	struct wire_process_identity *record;

	/* That of a kernel thread is borrowed at best (kthread_use_mm()). */
	if (!mm || BPF_CORE_READ(task, flags) & PF_KTHREAD)
		return 0;
	record = WIRE_RESERVE(wire_process_identity, WIRE_PROCESS_IDENTITY);
	if (!record)
		return 0;
	record->pid = BPF_CORE_READ(task, pid);
	record->start_boottime_ns = BPF_CORE_READ(task, start_boottime);
	copy_identity(record, mm);
	wire_submit(record);
	return 0;
}

__noinline int await_identity(__u64 address, __u64 episode)
{
	struct task_struct *task = (void *)address, *current = (void *)bpf_get_current_task();
	__u32 tgid = BPF_CORE_READ(task, tgid);
	struct awaited_identity awaited = {
		.episode = episode,
		.start_boottime_ns = BPF_CORE_READ(task, start_boottime),
		.pid = BPF_CORE_READ(task, pid),
	};

	/* That of a thread which kills its own process has been sent under its pid. */
	if (task == current || bpf_map_lookup_elem(&awaited_identities, &tgid))
		return 0;
	if (bpf_map_update_elem(&awaited_identities, &tgid, &awaited, BPF_NOEXIST))
		count_drop(WIRE_DROP_VICTIM_TABLE_FULL);
	else
		__sync_fetch_and_add(&awaited_count, 1);
	return 0;
}

__noinline int emit_awaited_identity(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u32 tgid = BPF_CORE_READ(task, tgid);
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	struct awaited_identity *found = bpf_map_lookup_elem(&awaited_identities, &tgid);
	struct wire_process_identity *record;

	if (!found || (!mm && BPF_CORE_READ(task, signal, live.counter)))
		return 0;
	struct awaited_identity awaited = *found;
	/* Its threads may come here on several CPUs: who takes the entry out sends the record. */
	if (bpf_map_delete_elem(&awaited_identities, &tgid))
		return 0;
	__sync_fetch_and_add(&awaited_count, -1);
	if (!mm)
		return 0;
	record = WIRE_RESERVE_AFTER(wire_process_identity, WIRE_PROCESS_IDENTITY, awaited.episode);
	if (!record)
		return 0;
	record->pid = awaited.pid;
	record->start_boottime_ns = awaited.start_boottime_ns;
	copy_identity(record, mm);
	wire_submit_and_wake(record);
	return 0;
}

/* get_signal() tells each thread of a killed process of its SIGKILL, in the thread's own context and before exit_mm(). */
SEC("?tp_btf/signal_deliver")
int BPF_PROG(victim_gets_signal, int sig, struct kernel_siginfo *info, struct k_sigaction *action)
{
	if (sig != SIGKILL || !awaited_count)
		return 0;
	return emit_awaited_identity();
}
