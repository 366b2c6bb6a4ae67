// SPDX-License-Identifier: Apache-2.0
#include "host/host_names.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/fixture_tree.h"
#include "support/in_child.h"

namespace oomtrace
{
namespace
{

const std::string id = "3f2a9c0d7b1e4c83a65f2c9a0d7b1e4c83a65f2c9a0d7b1e4c83a65f2c9a0d7b";
const std::string other_id = "0000000000000000000000000000000000000000000000000000000000000001";
const std::string uid = "8a2f61c7-22b3-4d0e-9c1d-0b7a4c558d1e";

class HostNamesTest : public testing::Test
{
  protected:
    FoundNames find(const CgroupIdentity &identity) const { return HostNames(tree_.root()).find(identity); }

    static CgroupIdentity in_pod(std::optional<std::string> runtime = "containerd")
    {
        CgroupIdentity identity;
        identity.container_runtime = std::move(runtime);
        identity.container_id = id;
        identity.pod_uid = uid;
        identity.pod_qos_class = "Burstable";
        return identity;
    }
    static CgroupIdentity container(const char *runtime)
    {
        CgroupIdentity identity;
        identity.container_runtime = runtime;
        identity.container_id = id;
        return identity;
    }
    static FoundNames names(std::optional<std::string> container, std::optional<std::string> pod = {},
                            std::optional<std::string> pod_namespace = {}, std::string note = "")
    {
        return {{}, std::move(container), std::move(pod), std::move(pod_namespace), std::move(note)};
    }
    void pod_logs(const std::string &name) const { tree_.write("/var/log/pods/" + name + "/app/0.log", ""); }
    void container_log(const std::string &name) const { tree_.write("/var/log/containers/" + name, ""); }
    void storage(const std::string &directory, const std::string &json) const
    {
        tree_.write(directory + "/containers/storage/overlay-containers/containers.json", json);
    }
    static std::string list_of(const std::string &listed, const std::string &name)
    {
        return R"([{"id":")" + listed + R"(","names":[")" + name + R"("]}])";
    }

    test::FixtureTree tree_;
};

TEST_F(HostNamesTest, NothingIsThere)
{
    EXPECT_EQ(find(in_pod()), FoundNames{});
    EXPECT_EQ(find(container("docker")), FoundNames{});
    EXPECT_EQ(find(container("podman")), FoundNames{});
    EXPECT_EQ(HostNames(tree_.at("/not/there")).find(in_pod()), FoundNames{});
}

TEST_F(HostNamesTest, TheKubeletsLogs)
{
    pod_logs("shop_cart-7f9_" + uid);
    pod_logs("kube-system_etcd-node1_2f1c0b9a8d7e6f5a4b3c2d1e0f9a8b7c");
    container_log("cart-7f9_shop_app-" + id + ".log");
    container_log("cart-7f9_shop_side-car-" + other_id + ".log");
    EXPECT_EQ(find(in_pod()), names("app", "cart-7f9", "shop"));
    CgroupIdentity side_car = in_pod();
    side_car.container_id = other_id;
    EXPECT_EQ(find(side_car), names("side-car", "cart-7f9", "shop"));
    // The pod's own cgroup.
    CgroupIdentity pod = in_pod();
    pod.container_id.reset();
    EXPECT_EQ(find(pod), names({}, "cart-7f9", "shop"));
    pod.pod_uid = "2f1c0b9a8d7e6f5a4b3c2d1e0f9a8b7c";
    EXPECT_EQ(find(pod), names({}, "etcd-node1", "kube-system"));
    // Of a pod or a container that is not there nothing is said, however few there are.
    pod.pod_uid = "8a2f61c7-22b3-4d0e-9c1d-0b7a4c558d1f";
    EXPECT_EQ(find(pod), FoundNames{});
}

TEST_F(HostNamesTest, ARuntimeThatThePathDoesNotName)
{
    tree_.write("/run/containerd/io.containerd.runtime.v2.task/k8s.io/" + id + "/config.json", "{}");
    FoundNames expected;
    expected.container_runtime = "containerd";
    EXPECT_EQ(find(in_pod(std::nullopt)), expected);
    CgroupIdentity alone;
    alone.container_id = other_id;
    EXPECT_EQ(find(alone), FoundNames{});
    tree_.write("/run/containerd/io.containerd.runtime.v2.task/default/" + other_id + "/config.json", "{}");
    EXPECT_EQ(find(alone), expected);
    // Docker's, though this containerd runs it.
    tree_.write("/run/containerd/io.containerd.runtime.v2.task/moby/" + id + "/config.json", "{}");
    tree_.write("/var/lib/docker/containers/" + id + "/config.v2.json", R"({"ID":")" + id + R"(","Name":"/web"})");
    alone.container_id = id;
    expected.container_runtime = "docker";
    expected.container_name = "web";
    EXPECT_EQ(find(alone), expected);
}

TEST_F(HostNamesTest, NamesThatContradictEachOtherAreNotTaken)
{
    pod_logs("shop_cart_" + uid);
    container_log("till_shop_app-" + id + ".log"); // another pod's
    EXPECT_EQ(find(in_pod()), names({}, "cart", "shop", "/var/log/containers has its id with other names"));
    pod_logs("shop_till_" + uid);
    const FoundNames found = find(in_pod());
    EXPECT_EQ(found.pod_name, std::nullopt);
    EXPECT_EQ(found.pod_namespace, std::nullopt);
}

TEST_F(HostNamesTest, NamesThatKubernetesWouldNotAllowAreNotTaken)
{
    pod_logs("shop_car t_" + uid);
    pod_logs("a_b_c_" + uid);
    pod_logs("_" + uid);
    container_log("cart_shop_" + id + ".log");
    container_log("cart_shop_\x1b[31m-" + id + ".log");
    EXPECT_EQ(find(in_pod()), FoundNames{});
}

TEST_F(HostNamesTest, Docker)
{
    const std::string file = "/var/lib/docker/containers/" + id + "/config.v2.json";
    tree_.write(file,
                R"({"State":{"ID":"x","Name":"/no"},"ID":")" + id + R"(","Args":["Name"],"Name":"/web_1","Path":"Name"})");
    EXPECT_EQ(find(container("docker")), names("web_1"));

    const FoundNames not_understood = names({}, {}, {}, "Docker's state of it could not be understood");
    for (const std::string &text :
         {std::string(R"({"ID":")") + other_id + R"(","Name":"/web"})", // another's
          std::string(R"({"ID":")") + id + R"(","Name":"/web")",        // cut
          std::string(R"({"ID":")") + id + R"("})", std::string(R"({"ID":")") + id + R"(","Name":"/we\nb"})",
          std::string(R"({"ID":")") + id + R"(","Name":7})", std::string(100'000, '['), std::string()}) {
        tree_.write(file, text);
        EXPECT_EQ(find(container("docker")), not_understood) << text.substr(0, 200);
    }
    // A file beyond any size that Docker writes is not read at all.
    tree_.write(file, R"({"ID":")" + id + R"(","Name":"/web"})" + std::string(2 << 20, ' '));
    EXPECT_EQ(find(container("docker")), names({}, {}, {}, "cannot read " + file + ": File too large"));
}

TEST_F(HostNamesTest, PodmanOfRootAndOfAUser)
{
    const std::string list = R"([{"names":["db"],"id":")" + other_id + R"("},{"id":")" + id +
                             R"(","names":["web","also"],"metadata":"{\"id\":\"x\",\"names\":[\"no\"]}"}])";
    storage("/var/lib", list);
    EXPECT_EQ(find(container("podman")), names(::geteuid() == 0 ? std::optional<std::string>("web") : std::nullopt));

    // A user's container: the user's own storage, by the home that the host's passwd has, and never root's.
    CgroupIdentity rootless = container("podman");
    rootless.systemd_owner_uid = ::geteuid() == 0 ? 1000 : ::geteuid();
    EXPECT_EQ(find(rootless), FoundNames{});
    tree_.write("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nann:x:" + std::to_string(*rootless.systemd_owner_uid) +
                                   ":1000:Ann:/home/ann:/bin/sh\n");
    storage("/home/ann/.local/share", R"([{"id":")" + id + R"(","names":["mine"]}])");
    if (::geteuid() == 0) {
        EXPECT_EQ(find(rootless), FoundNames{}) << "a file that is not the user's";
        const auto file = tree_.at("/home/ann/.local/share/containers/storage/overlay-containers/containers.json");
        ASSERT_EQ(::chown(file.c_str(), 1000, 1000), 0);
    }
    EXPECT_EQ(find(rootless), names("mine"));
    // Nothing in a user's slice gets the name of one of root's.
    CgroupIdentity pretended = in_pod();
    pretended.systemd_owner_uid = 1000;
    pod_logs("shop_cart_" + uid);
    EXPECT_EQ(find(pretended), FoundNames{});
}

// What is run with --rm is in a list of its own.
TEST_F(HostNamesTest, PodmanOfWhatIsTakenAwayAtItsEnd)
{
    if (::geteuid() != 0)
        GTEST_SKIP() << "root's storage has to be root's";
    const auto users = [&](const std::string &path, const std::string &json) {
        tree_.write(path, json);
        ASSERT_EQ(::chown(tree_.at(path).c_str(), 1000, 1000), 0);
    };
    CgroupIdentity rootless = container("podman");
    rootless.systemd_owner_uid = 1000;
    tree_.write("/etc/passwd", "ann:x:1000:1000:Ann:/home/ann:/bin/sh\n");

    tree_.write("/var/lib/containers/storage/vfs-containers/containers.json", list_of(other_id, "stays"));
    tree_.write("/var/lib/containers/storage/vfs-containers/volatile-containers.json", list_of(id, "goes"));
    EXPECT_EQ(find(container("podman")), names("goes"));
    EXPECT_EQ(find(rootless), FoundNames{});
    users("/home/ann/.local/share/containers/storage/overlay-containers/volatile-containers.json", list_of(id, "anns"));
    EXPECT_EQ(find(rootless), names("anns"));

    // Of a transient store.
    CgroupIdentity transient = container("podman");
    transient.container_id = other_id;
    tree_.write("/var/lib/containers/storage/vfs-containers/containers.json", "[]");
    tree_.write("/run/containers/storage/overlay-containers/volatile-containers.json", list_of(other_id, "until_boot"));
    EXPECT_EQ(find(transient), names("until_boot"));
    transient.systemd_owner_uid = 1000;
    EXPECT_EQ(find(transient), FoundNames{});
    users("/run/user/1000/containers/overlay-containers/volatile-containers.json", list_of(other_id, "anns_until_boot"));
    EXPECT_EQ(find(transient), names("anns_until_boot"));
    // Somebody else's in its place.
    ASSERT_EQ(::chown(tree_.at("/run/user/1000/containers/overlay-containers/volatile-containers.json").c_str(), 1001, 1001),
              0);
    EXPECT_EQ(find(transient), FoundNames{});
}

TEST_F(HostNamesTest, APodmanListThatIsCutIsNotBelieved)
{
    if (::geteuid() != 0)
        GTEST_SKIP() << "root's storage has to be root's";
    storage("/var/lib", R"([{"id":")" + id + R"(","names":["web"]})");
    EXPECT_EQ(find(container("podman")), names({}, {}, {}, "containers-storage's list could not be understood"));
    storage("/var/lib", R"([{"id":")" + id + R"("}])"); // it has no name
    EXPECT_EQ(find(container("podman")), FoundNames{});
    storage("/var/lib", R"([{"id":")" + id + R"("},{"names":["of another"]}])");
    EXPECT_EQ(find(container("podman")), FoundNames{});
}

// The tree is a host's, whatever its links say.
TEST_F(HostNamesTest, LinksDoNotLeadOutOfTheTree)
{
    const test::FixtureTree outside;
    outside.write("/containers/" + id + "/config.v2.json", R"({"ID":")" + id + R"(","Name":"/stolen"})");
    const auto link = tree_.at("/var/lib/docker");
    std::filesystem::create_directories(link.parent_path());
    std::filesystem::create_directory_symlink(outside.root(), link);
    EXPECT_EQ(find(container("docker")), FoundNames{});
    std::filesystem::remove(link);
    std::filesystem::create_directory_symlink("../../../../../../../.." + outside.root().string(), link);
    EXPECT_EQ(find(container("docker")), FoundNames{});
    // An absolute link means the host's own "/".
    std::filesystem::remove(link);
    std::filesystem::create_directory_symlink("/srv/docker", link);
    tree_.write("/srv/docker/containers/" + id + "/config.v2.json", R"({"ID":")" + id + R"(","Name":"/web"})");
    EXPECT_EQ(find(container("docker")), names("web"));
}

TEST_F(HostNamesTest, LinksAreFollowedWithinTheTreeAndNotForEver)
{
    const auto docker = tree_.at("/var/lib/docker");
    const auto link = [&](const std::string &target) {
        std::filesystem::create_directories(docker.parent_path());
        std::filesystem::remove(docker);
        std::filesystem::create_directory_symlink(target, docker);
    };
    tree_.write("/srv/docker/containers/" + id + "/config.v2.json", R"({"ID":")" + id + R"(","Name":"/web"})");
    tree_.write("/var/there", "");
    // A ".." above the top is the top, and the part behind a link goes on from where the link leads.
    for (const char *const target : {"../../srv/docker", "/../../srv/./docker//", "/srv/docker/containers/..", "/var/relay"}) {
        std::filesystem::remove(tree_.at("/var/relay"));
        std::filesystem::create_directory_symlink("../srv/docker", tree_.at("/var/relay"));
        link(target);
        EXPECT_EQ(find(container("docker")), names("web")) << target;
    }
    link("docker");
    EXPECT_EQ(find(container("docker")), FoundNames{});
    // Whoever makes such a link cannot have all descriptors held open.
    std::string deep = "/srv";
    for (int level = 0; level < 100; ++level)
        deep += "/d";
    tree_.write(deep + "/containers/" + id + "/config.v2.json", R"({"ID":")" + id + R"(","Name":"/deep"})");
    link(deep);
    EXPECT_EQ(find(container("docker")), FoundNames{});
    // The file itself.
    link("/srv/docker");
    const auto file = tree_.at("/srv/docker/containers/" + id + "/config.v2.json");
    std::filesystem::rename(file, tree_.at("/srv/state"));
    std::filesystem::create_symlink("/srv/state", file);
    EXPECT_EQ(find(container("docker")), names("web"));
}

// What is there and cannot be read is not told as if it were not there.
TEST_F(HostNamesTest, SaysWhatItCouldNotRead)
{
    const auto without_descriptors = [&](const CgroupIdentity &whose) {
        return test::in_child([&] {
            const HostNames host(tree_.root());
            const rlimit none{0, 0};
            return ::setrlimit(RLIMIT_NOFILE, &none) == 0 ? host.find(whose).note : "no limit";
        });
    };
    tree_.write("/var/lib/docker/containers/" + id + "/config.v2.json", "{}");
    EXPECT_EQ(without_descriptors(container("docker")),
              "cannot read /var/lib/docker/containers/" + id + "/config.v2.json: Too many open files");
    EXPECT_EQ(without_descriptors(in_pod()), "cannot list /var/log/pods: Too many open files");
    CgroupIdentity rootless = container("podman");
    rootless.systemd_owner_uid = 1000;
    EXPECT_EQ(without_descriptors(rootless), "cannot read /etc/passwd: Too many open files");
}

// A FIFO would hold the reader up for ever, a device be read without end.
TEST_F(HostNamesTest, OnlyRegularFilesAreRead)
{
    const auto file = tree_.at("/var/lib/docker/containers/" + id + "/config.v2.json");
    std::filesystem::create_directories(file.parent_path());
    ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
    EXPECT_EQ(find(container("docker")), FoundNames{});
    std::filesystem::remove(file);
    std::filesystem::create_directory(file);
    EXPECT_EQ(find(container("docker")), FoundNames{});
}

} // namespace
} // namespace oomtrace
