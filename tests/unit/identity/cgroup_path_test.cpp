// SPDX-License-Identifier: Apache-2.0
#include "identity/cgroup_path.h"

#include <gmock/gmock.h>

#include <ostream>
#include <string>

namespace oomtrace
{

// As gtest shows it.
void PrintTo(const CgroupIdentity &identity, std::ostream *out)
{
    const auto add = [&](const char *name, const auto &value) {
        if (value)
            *out << name << '=' << *value << ' ';
    };
    add("runtime", identity.container_runtime);
    add("id", identity.container_id);
    add("name", identity.container_name);
    add("pod", identity.pod_uid);
    add("pod_name", identity.pod_name);
    add("namespace", identity.pod_namespace);
    add("qos", identity.pod_qos_class);
    add("machine", identity.machine);
    add("slice", identity.systemd_slice);
    add("unit", identity.systemd_unit);
    add("user_unit", identity.systemd_user_unit);
    add("session", identity.systemd_session);
    add("owner", identity.systemd_owner_uid);
}

namespace
{

const std::string id = "3f2a9c0d7b1e4c83a65f2c9a0d7b1e4c83a65f2c9a0d7b1e4c83a65f2c9a0d7b";
const std::string other_id = "0000000000000000000000000000000000000000000000000000000000000001";
const std::string uid = "8a2f61c7-22b3-4d0e-9c1d-0b7a4c558d1e";
const std::string escaped_uid = "8a2f61c7_22b3_4d0e_9c1d_0b7a4c558d1e";
const std::string static_uid = "2f1c0b9a8d7e6f5a4b3c2d1e0f9a8b7c"; // of a static pod: the hash of its manifest

struct Layout {
    std::string path;
    CgroupIdentity expected;
};

CgroupIdentity container(const char *runtime, const std::string &container_id)
{
    CgroupIdentity identity;
    if (runtime != nullptr)
        identity.container_runtime = runtime;
    identity.container_id = container_id;
    return identity;
}

CgroupIdentity pod(const char *qos, const std::string &pod_uid)
{
    CgroupIdentity identity;
    identity.pod_uid = pod_uid;
    identity.pod_qos_class = qos;
    return identity;
}

CgroupIdentity in_pod(CgroupIdentity container, const char *qos, const std::string &pod_uid)
{
    container.pod_uid = pod_uid;
    container.pod_qos_class = qos;
    return container;
}

CgroupIdentity in_unit(CgroupIdentity identity, const std::string &slice, const std::string &unit)
{
    if (!slice.empty())
        identity.systemd_slice = slice;
    if (!unit.empty())
        identity.systemd_unit = unit;
    return identity;
}

CgroupIdentity of_user(CgroupIdentity identity, std::uint32_t owner, const std::string &user_unit = "")
{
    identity.systemd_owner_uid = owner;
    if (!user_unit.empty())
        identity.systemd_user_unit = user_unit;
    return identity;
}

CgroupIdentity machine(const char *runtime, const std::string &name)
{
    CgroupIdentity identity;
    if (runtime != nullptr)
        identity.container_runtime = runtime;
    identity.machine = name;
    return identity;
}

CgroupIdentity nomad_task(const std::string &allocation, const std::string &task)
{
    CgroupIdentity identity = container("nomad", allocation);
    identity.container_name = task;
    return identity;
}

void expect_all(const std::vector<Layout> &layouts)
{
    for (const Layout &layout : layouts)
        EXPECT_EQ(identify_cgroup(layout.path), layout.expected) << layout.path;
}

TEST(CgroupPath, Docker)
{
    expect_all({
        {"/docker/" + id, container("docker", id)},
        {"/system.slice/docker-" + id + ".scope", in_unit(container("docker", id), "system.slice", "docker-" + id + ".scope")},
        {"/docker/" + id + "/init.scope", container("docker", id)}, // a systemd of its own inside
        {"/docker/" + other_id + "/docker/" + id, container("docker", id)},
        {"/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" + id + ".scope",
         of_user(in_unit(container("docker", id), "user.slice", "user@1000.service"), 1000, "docker-" + id + ".scope")},
    });
}

TEST(CgroupPath, KubeletWithTheSystemdDriver)
{
    const std::string pods = "/kubepods.slice/";
    const std::string burstable = "kubepods-burstable-pod" + escaped_uid + ".slice";
    const std::string guaranteed = "kubepods-pod" + escaped_uid + ".slice";
    const std::string best_effort = "kubepods-besteffort-pod" + static_uid + ".slice";
    const std::string containerd = "cri-containerd-" + id + ".scope", crio = "crio-" + id + ".scope";
    CgroupIdentity burstable_class;
    burstable_class.pod_qos_class = "Burstable";
    expect_all({
        {"/kubepods.slice", in_unit({}, "kubepods.slice", "")},
        {pods + "kubepods-burstable.slice", in_unit(burstable_class, "kubepods-burstable.slice", "")},
        {pods + "kubepods-burstable.slice/" + burstable, in_unit(pod("Burstable", uid), burstable, "")},
        {pods + "kubepods-burstable.slice/" + burstable + "/" + containerd,
         in_unit(in_pod(container("containerd", id), "Burstable", uid), burstable, containerd)},
        {pods + guaranteed + "/" + crio, in_unit(in_pod(container("cri-o", id), "Guaranteed", uid), guaranteed, crio)},
        // crun's own level below the scope
        {pods + guaranteed + "/" + crio + "/container",
         in_unit(in_pod(container("cri-o", id), "Guaranteed", uid), guaranteed, crio)},
        {pods + "kubepods-besteffort.slice/" + best_effort + "/docker-" + id + ".scope",
         in_unit(in_pod(container("docker", id), "BestEffort", static_uid), best_effort, "docker-" + id + ".scope")},
        // kind: /kubelet is the kubelet's root
        {"/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/kubelet-" + burstable + "/" + containerd,
         in_unit(in_pod(container("containerd", id), "Burstable", uid), "kubelet-" + burstable, containerd)},
        {"/docker/" + other_id + "/kubelet.slice/kubelet-kubepods.slice/kubelet-" + guaranteed + "/" + containerd,
         in_pod(container("containerd", id), "Guaranteed", uid)},
        // the monitor of a container is not in it
        {pods + guaranteed + "/crio-conmon-" + id + ".scope",
         in_unit(pod("Guaranteed", uid), guaranteed, "crio-conmon-" + id + ".scope")},
        // the kubelet with systemd, the runtime with cgroupfs
        {"/system.slice/containerd.service/" + burstable + ":cri-containerd:" + id,
         in_unit(in_pod(container("containerd", id), "Burstable", uid), "system.slice", "containerd.service")},
        {"/" + burstable + ":cri-containerd:" + id, in_pod(container("containerd", id), "Burstable", uid)},
        {"/" + guaranteed + ":crio:" + id, in_pod(container("cri-o", id), "Guaranteed", uid)},
    });
}

TEST(CgroupPath, KubeletWithCgroupfs)
{
    CgroupIdentity best_effort_class;
    best_effort_class.pod_qos_class = "BestEffort";
    expect_all({
        {"/kubepods", {}},
        {"/kubepods/besteffort", best_effort_class},
        {"/kubepods/burstable/pod" + uid, pod("Burstable", uid)},
        {"/kubepods/burstable/pod" + uid + "/" + id, in_pod(container(nullptr, id), "Burstable", uid)},
        {"/kubepods/pod" + uid + "/crio-" + id, in_pod(container("cri-o", id), "Guaranteed", uid)},
        {"/kubepods/besteffort/pod" + static_uid + "/" + id, in_pod(container(nullptr, id), "BestEffort", static_uid)},
        {"/kubelet/kubepods/pod" + uid + "/" + id, in_pod(container(nullptr, id), "Guaranteed", uid)},
        {"/docker/" + other_id + "/kubelet/kubepods/pod" + uid + "/" + id, in_pod(container(nullptr, id), "Guaranteed", uid)},
        // what runs in a pod's container stays that container's
        {"/kubepods/pod" + uid + "/" + id + "/docker/" + other_id, in_pod(container(nullptr, id), "Guaranteed", uid)},
        {"/kubepods/pod" + uid + "/" + id + "/kubepods/burstable/pod" + static_uid,
         in_pod(container(nullptr, id), "Guaranteed", uid)},
    });
}

TEST(CgroupPath, Podman)
{
    const std::string scope = "libpod-" + id + ".scope";
    const std::string pod_slice = "machine-libpod_pod_" + other_id + ".slice";
    const std::string user = "/user.slice/user-1000.slice/user@1000.service/";
    CgroupIdentity podmans_pod;
    podmans_pod.pod_uid = other_id;
    CgroupIdentity in_podmans_pod = container("podman", id);
    in_podmans_pod.pod_uid = other_id;
    expect_all({
        {"/machine.slice/" + scope, in_unit(container("podman", id), "machine.slice", scope)},
        {"/machine.slice/" + scope + "/container", in_unit(container("podman", id), "machine.slice", scope)},
        {"/machine.slice/libpod-conmon-" + id + ".scope", in_unit({}, "machine.slice", "libpod-conmon-" + id + ".scope")},
        {"/machine.slice/" + pod_slice, in_unit(podmans_pod, pod_slice, "")},
        {"/machine.slice/" + pod_slice + "/" + scope, in_unit(in_podmans_pod, pod_slice, scope)},
        {"/libpod_parent/libpod-" + id, container("podman", id)},
        {"/libpod_parent/" + other_id, podmans_pod},
        {"/libpod_parent/" + other_id + "/libpod-" + id, in_podmans_pod},
        {"/libpod_parent/" + other_id + "/conmon", podmans_pod},
        {user + "user.slice/" + scope,
         of_user(in_unit(container("podman", id), "user.slice", "user@1000.service"), 1000, scope)},
        {user + "user.slice/user-libpod_pod_" + other_id + ".slice/" + scope + "/container",
         of_user(in_unit(in_podmans_pod, "user-libpod_pod_" + other_id + ".slice", "user@1000.service"), 1000, scope)},
        // Quadlet: cgroups=split
        {"/system.slice/web.service/libpod-payload-" + id, in_unit(container("podman", id), "system.slice", "web.service")},
        {user + "app.slice/web.service/libpod-payload-" + id,
         of_user(in_unit(container("podman", id), "app.slice", "user@1000.service"), 1000, "web.service")},
    });
}

// Whose it is can be in files of the host only: see HostNames.
TEST(CgroupPath, AnIdAlone)
{
    expect_all({
        {"/default/" + id, container(nullptr, id)},   // containerd's namespace
        {"/my-parent/" + id, container(nullptr, id)}, // docker run --cgroup-parent
        {"/ecs/0b7a4c558d1e/" + id + "/init.scope", container(nullptr, id)},
        {"/docker/" + other_id + "/default/" + id, container("docker", other_id)},
    });
}

TEST(CgroupPath, NomadLxcAndNspawn)
{
    const std::string nspawn = "systemd-nspawn@db-1.service", escaped = "systemd-nspawn@db\\x2d1.service";
    expect_all({
        {"/nomad.slice/share.slice/" + uid + ".web.scope", in_unit(nomad_task(uid, "web"), "share.slice", uid + ".web.scope")},
        {"/nomad.slice/" + uid + ".web.v2.scope", in_unit(nomad_task(uid, "web.v2"), "nomad.slice", uid + ".web.v2.scope")},
        {"/nomad/reserve/" + uid + ".web", nomad_task(uid, "web")},
        {"/nomad.slice/docker-" + id + ".scope", in_unit(container("docker", id), "nomad.slice", "docker-" + id + ".scope")},
        {"/nomad.slice/not-an-allocation.web.scope", in_unit({}, "nomad.slice", "not-an-allocation.web.scope")},
        {"/lxc/web", machine("lxc", "web")},
        {"/lxc/101/ns/system.slice/nginx.service", machine("lxc", "101")}, // Proxmox
        {"/lxc/101/ns/lxc/inner", machine("lxc", "inner")},
        {"/lxc/outer/lxc/inner", machine("lxc", "inner")},
        {"/lxc.payload/web", machine("lxc", "web")},
        {"/lxc.payload.web", machine("lxc", "web")},
        {"/lxc.payload.web.service/system.slice/nginx.service", machine("lxc", "web.service")},
        {"/lxc.payload.web/docker/" + id,
         [] {
             CgroupIdentity identity = container("docker", id);
             identity.machine = "web";
             return identity;
         }()},
        {"/user.slice/user-1000.slice/session-4.scope/lxc.payload.web",
         [] {
             CgroupIdentity identity = of_user(in_unit(machine("lxc", "web"), "user-1000.slice", "session-4.scope"), 1000);
             identity.systemd_session = "4";
             return identity;
         }()},
        {"/lxc.monitor.web", {}},
        {"/lxc.monitor/web", {}},
        {"/machine.slice/" + nspawn, in_unit(machine("systemd-nspawn", "db-1"), "machine.slice", nspawn)},
        {"/machine.slice/" + escaped + "/payload/system.slice/nginx.service",
         in_unit(machine("systemd-nspawn", "db-1"), "machine.slice", escaped)},
        {"/machine.slice/machine-db\\x2d1.scope", in_unit(machine(nullptr, "db-1"), "machine.slice", "machine-db\\x2d1.scope")},
        {"/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt/emulator",
         in_unit(machine(nullptr, "qemu-1-vm"), "machine.slice", "machine-qemu\\x2d1\\x2dvm.scope")},
    });
}

TEST(CgroupPath, Systemd)
{
    const auto session = [](const std::string &number) {
        CgroupIdentity identity = of_user(in_unit({}, "user-1000.slice", "session-" + number + ".scope"), 1000);
        identity.systemd_session = number;
        return identity;
    };
    const std::string user = "/user.slice/user-1000.slice/user@1000.service";
    expect_all({
        {"/", {}},
        {"/init.scope", in_unit({}, "", "init.scope")},
        {"/system.slice", in_unit({}, "system.slice", "")},
        {"/system.slice/nginx.service", in_unit({}, "system.slice", "nginx.service")},
        {"/system.slice/nginx.service/workers/a.service", in_unit({}, "system.slice", "nginx.service")},
        {"/system.slice/system-getty.slice/getty@tty1.service", in_unit({}, "system-getty.slice", "getty@tty1.service")},
        {"/system.slice/_cgroup.service", in_unit({}, "system.slice", "cgroup.service")},
        {"/system.slice/dev-hugepages.mount", in_unit({}, "system.slice", "dev-hugepages.mount")},
        {"/system.slice/dev-disk-by\\x2duuid-a.swap", in_unit({}, "system.slice", "dev-disk-by\\x2duuid-a.swap")},
        {"/user.slice/user-1000.slice", of_user(in_unit({}, "user-1000.slice", ""), 1000)},
        {"/user.slice/user-1000.slice/session-3.scope", session("3")},
        {"/user.slice/user-1000.slice/session-c2.scope", session("c2")},
        {user, of_user(in_unit({}, "user-1000.slice", "user@1000.service"), 1000)},
        {user + "/init.scope", of_user(in_unit({}, "user-1000.slice", "user@1000.service"), 1000, "init.scope")},
        {user + "/app.slice/app-gnome-firefox-2714.scope",
         of_user(in_unit({}, "app.slice", "user@1000.service"), 1000, "app-gnome-firefox-2714.scope")},
        {user + "/session.slice/org.gnome.Shell@wayland.service",
         of_user(in_unit({}, "session.slice", "user@1000.service"), 1000, "org.gnome.Shell@wayland.service")},
    });
}

// An id that is cut, odd or somebody else's is not taken for one.
TEST(CgroupPath, WhatIsOddIsNotGuessed)
{
    std::string upper = id;
    upper[0] = 'A';
    std::string not_hex = id;
    not_hex[5] = 'g';
    CgroupIdentity burstable_class;
    burstable_class.pod_qos_class = "Burstable";
    const std::string cut_slice = "kubepods-burstable-pod" + escaped_uid.substr(0, 20) + ".slice";
    expect_all({
        {"", {}},
        {"//", {}},
        {"docker/" + id, {}}, // no path from the root
        {"/docker/" + id.substr(0, 12), {}},
        {"/docker/" + id + "0", {}},
        {"/docker/" + upper, {}},
        {"/docker/" + not_hex, {}},
        {"/docker", {}},
        {"/" + id, {}},
        {"/docker-" + id.substr(0, 63) + ".scope", in_unit({}, "", "docker-" + id.substr(0, 63) + ".scope")},
        {"/kubepods/burstable/pod" + uid.substr(0, 35), burstable_class},
        {"/kubepods/burstable/pod" + uid + "/" + id.substr(0, 63), pod("Burstable", uid)},
        {"/kubepods/burstable/pod/" + id, burstable_class},
        {"/kubepods/burstable/" + id, burstable_class},
        {"/kubepods/guaranteed/pod" + uid, {}}, // there is no such level
        {"/kubepods.slice/kubepods-burstable.slice/" + cut_slice, in_unit(burstable_class, cut_slice, "")},
        // a pod's slice that is not below its class's name
        {"/kubepods.slice/other-pod" + escaped_uid + ".slice", in_unit({}, "other-pod" + escaped_uid + ".slice", "")},
        {"/kubepods-burstable-pod" + escaped_uid + ".slice:cri-containerd:" + id.substr(0, 10), {}},
        {"/xkubepods-burstable-pod" + escaped_uid + ".slice:cri-containerd:" + id, {}},
        {"/a:b:c", {}},
        {"/::", {}},
        {"/machine.slice/machine-libpod_pod_" + id.substr(1) + ".slice",
         in_unit({}, "machine-libpod_pod_" + id.substr(1) + ".slice", "")},
        {"/machine.slice/systemd-nspawn@.service", in_unit({}, "machine.slice", "systemd-nspawn@.service")},
        {"/machine.slice/systemd-nspawn@a\\x2.service", in_unit({}, "machine.slice", "systemd-nspawn@a\\x2.service")},
        {"/machine.slice/machine-a\\x2fb.scope", in_unit({}, "machine.slice", "machine-a\\x2fb.scope")},
        {"/system.slice/systemd-nspawn@db.service", in_unit({}, "system.slice", "systemd-nspawn@db.service")},
        {"/srv/lxc/web", {}}, // somebody's folder
        {"/lxc", {}},
        {"/lxc.payload.", {}},
        {"/lxc.payload.we\nb", {}},
        {"/nomad/" + uid, {}},
        {"/nomad/" + uid + ".", {}},
        {"/user.slice/user-1000x.slice/session-3.scope", in_unit({}, "user-1000x.slice", "session-3.scope")},
        {"/user.slice/user-4294967295.slice", in_unit({}, "user-4294967295.slice", "")},
        {"/user.slice/user-01.slice", in_unit({}, "user-01.slice", "")},
        // another user's manager, and a session, outside their place
        {"/user.slice/user-1000.slice/user@0.service/a.service",
         of_user(in_unit({}, "user-1000.slice", "user@0.service"), 1000)},
        {"/system.slice/user-1000.slice/session-3.scope", in_unit({}, "user-1000.slice", "session-3.scope")},
        {"/srv/system.slice/nginx.service", {}},
        {"/a b.service", {}},
        {"/.service", {}},
        {"/\xff\xfe.service", {}},
    });
}

TEST(CgroupPath, SurvivesLongPaths)
{
    std::string deep;
    for (int level = 0; level < 5000; ++level)
        deep += "/kubepods.slice";
    EXPECT_EQ(identify_cgroup(deep), in_unit({}, "kubepods.slice", ""));
    EXPECT_EQ(identify_cgroup("/" + std::string(100'000, 'a') + ".service"), CgroupIdentity{});
}

} // namespace
} // namespace oomtrace
