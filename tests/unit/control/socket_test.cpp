// SPDX-License-Identifier: Apache-2.0
// Where control sockets are, and that nobody else gets at them (HOLD-6).
#include "libcore/control/socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cstdlib>

#include "libcore/control/errors.h"
#include "libcore/control/path.h"
#include "tests/support/temp_dir.h"

namespace wstap::control {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// A variable of the environment, for as long as a test runs.
class Environment {
 public:
  Environment(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    value != nullptr ? ::setenv(name, value, 1) : ::unsetenv(name);
  }
  ~Environment() { old_ ? ::setenv(name_, old_->c_str(), 1) : ::unsetenv(name_); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  const char* name_;
  std::optional<std::string> old_;
};

/// A socket that nobody listens to, as a killed process leaves it.
void leave_dead_socket(const std::string& path) {
  const auto address = unix_address(path).value();
  const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(
      ::bind(socket.get(), static_cast<const sockaddr*>(static_cast<const void*>(&address)), sizeof address),
      0);
}

TEST(ControlPath, FollowsTheRuntimeDirectory) {  // HOLD-6
  const auto file = "/" + std::to_string(::getpid()) + ".sock";
  {
    const Environment runtime("XDG_RUNTIME_DIR", "/run/user/7");
    EXPECT_EQ(directory(), "/run/user/7/wstap");
    EXPECT_EQ(default_path(), "/run/user/7/wstap" + file);
  }
  for (const char* none : {static_cast<const char*>(nullptr), "", "relative"}) {
    const Environment runtime("XDG_RUNTIME_DIR", none);
    EXPECT_EQ(default_path(), "/tmp/wstap-" + std::to_string(::geteuid()) + file);
  }
}

TEST(ControlPath, FindsLiveSocketsAndTidiesUp) {  // HOLD-6
  const test::TempDir folder;
  const std::string directory = folder / "wstap";
  EXPECT_THAT(live_sockets(directory).value(), ElementsAre());
  const auto ten = Socket::open(directory + "/10.sock");
  const auto nine = Socket::open(directory + "/9.sock");
  ASSERT_TRUE(ten && nine);
  leave_dead_socket(directory + "/11.sock");
  leave_dead_socket(directory + "/mine.sock");
  test::write_file(directory + "/12.sock", "no socket");
  EXPECT_THAT(live_sockets(directory).value(), ElementsAre(directory + "/9.sock", directory + "/10.sock"));
  EXPECT_EQ(probe_socket(directory + "/11.sock"), SocketState::none);
  EXPECT_EQ(probe_socket(directory + "/mine.sock"), SocketState::dead)
      << "no process's: whoever made it knows why";
  EXPECT_EQ(probe_socket(directory + "/12.sock"), SocketState::other);
}

// Somebody may have made a socket and not listen yet.
TEST(ControlPath, LeavesDeadSocketsWhileAnotherMakesOne) {
  const test::TempDir folder;
  leave_dead_socket(folder / "11.sock");
  const auto lock = try_lock_directory(folder.path());
  ASSERT_TRUE(lock);
  EXPECT_THAT(live_sockets(folder.path()).value(), ElementsAre());
  EXPECT_EQ(probe_socket(folder / "11.sock"), SocketState::dead);
}

TEST(ControlPath, DoesNotLookIntoDirectoriesOfOthers) {
  const test::TempDir folder;
  ASSERT_EQ(::chmod(folder.path().c_str(), 0755), 0);
  EXPECT_EQ(live_sockets(folder.path()).error().code, Errc::not_private);
}

TEST(Socket, IsItsOwnersAlone) {  // HOLD-6
  const test::TempDir folder;
  const mode_t before = ::umask(0);
  const auto socket = Socket::open(folder / "wstap/7.sock");
  EXPECT_EQ(::umask(before), mode_t{0}) << "it belongs to all threads";
  ASSERT_TRUE(socket);
  EXPECT_EQ(test::mode_of(folder / "wstap"), 0700U);
  EXPECT_EQ(test::mode_of(folder / "wstap/7.sock"), 0600U);
}

TEST(Socket, GoesWithWhoeverMadeIt) {
  const test::TempDir folder;
  const std::string path = folder / "7.sock";
  {
    const auto socket = Socket::open(path);
  }
  EXPECT_EQ(probe_socket(path), SocketState::none);
  {
    const auto socket = Socket::open(path);
    ::unlink(path.c_str());
    test::write_file(path, "somebody else's");
  }
  EXPECT_EQ(test::read_file(path), "somebody else's");
}

TEST(Socket, TakesThePlaceOfADeadOne) {  // HOLD-6
  const test::TempDir folder;
  leave_dead_socket(folder / "7.sock");
  EXPECT_TRUE(Socket::open(folder / "7.sock"));
}

TEST(Socket, LeavesWhatIsInUse) {  // HOLD-6
  const test::TempDir folder;
  const auto socket = Socket::open(folder / "7.sock");
  const auto second = Socket::open(folder / "7.sock");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::address_in_use);
  EXPECT_THAT(second.error().text(), HasSubstr(folder / "7.sock"));
  EXPECT_EQ(probe_socket(folder / "7.sock"), SocketState::live);

  test::write_file(folder / "file", "precious");
  const auto file = Socket::open(folder / "file");
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, std::errc::file_exists);
  EXPECT_EQ(test::read_file(folder / "file"), "precious");
}

TEST(Socket, RefusesDirectoriesThatOthersCanReach) {  // HOLD-6
  const test::TempDir folder;
  const auto fault = [](const std::string& path) {
    const auto socket = Socket::open(path);
    EXPECT_FALSE(socket);
    EXPECT_EQ(probe_socket(path), SocketState::none);
    return socket ? "" : socket.error().text();
  };
  for (const mode_t mode : {0755, 0710, 0701, 0770}) {
    ASSERT_EQ(::mkdir((folder / "open").c_str(), 0700), 0);
    ASSERT_EQ(::chmod((folder / "open").c_str(), mode), 0);
    EXPECT_EQ(fault(folder / "open/7.sock"),
              "not private: " + (folder / "open") + " (others may enter it: chmod 700)");
    ASSERT_EQ(::rmdir((folder / "open").c_str()), 0);
  }
  ASSERT_EQ(::mkdir((folder / "real").c_str(), 0700), 0);
  ASSERT_EQ(::symlink((folder / "real").c_str(), (folder / "link").c_str()), 0);
  EXPECT_THAT(fault(folder / "link/7.sock"), HasSubstr("link (it is a symbolic link)"));
  EXPECT_THAT(fault(folder / "missing/deeper/7.sock"), HasSubstr("No such file or directory"));
}

TEST(Socket, RefusesDirectoriesOfOthers) {  // HOLD-6
  const test::TempDir folder;
  constexpr uid_t kNobody = 65534;
  std::string foreign = folder / "foreign";
  if (::geteuid() == 0) {
    ASSERT_EQ(::mkdir(foreign.c_str(), 0700), 0);
    ASSERT_EQ(::chown(foreign.c_str(), kNobody, kNobody), 0);
  } else {
    foreign = "/";
  }
  const auto socket = Socket::open(foreign + "/7.sock");
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().code, Errc::not_private);
  EXPECT_THAT(socket.error().text(), HasSubstr("it belongs to somebody else"));
}

TEST(Socket, RefusesPathsThatNoAddressHolds) {
  const test::TempDir folder;
  const auto socket = Socket::open(folder / std::string(200, 'x'));
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().code, std::errc::filename_too_long);
  EXPECT_EQ(Socket::open("").error().code, std::errc::filename_too_long);
}

TEST(Socket, IsMadeByOneProcessAtATime) {
  const test::TempDir folder;
  const auto lock = try_lock_directory(folder.path());
  ASSERT_TRUE(lock);
  EXPECT_EQ(try_lock_directory(folder.path()).error().code, std::errc::operation_would_block);
}

}  // namespace
}  // namespace wstap::control
