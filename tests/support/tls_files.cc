#include "tests/support/tls_files.h"

#include <fstream>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/status.h"
#include "tests/support/server_process.h"

namespace atestore {
namespace {

class Maker {
 public:
  Maker(std::string openssl, std::filesystem::path directory)
      : openssl_(std::move(openssl)), directory_(std::move(directory)) {}

  // Elliptic curve keys: RSA takes seconds under a sanitizer's load.
  absl::Status MakeAuthority() {
    return Run({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                "-nodes", "-days", "2", "-subj", "/CN=test authority", "-keyout", File("ca.key"),
                "-out", File("ca.crt")});
  }

  absl::Status MakeCertificate(const std::string& name, std::string_view extensions) {
    std::ofstream(File(name + ".ext")) << extensions;
    absl::Status made =
        Run({"req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
             "/CN=" + name, "-keyout", File(name + ".key"), "-out", File(name + ".csr")});
    if (made.ok()) {
      made = Run({"x509", "-req", "-in", File(name + ".csr"), "-CA", File("ca.crt"), "-CAkey",
                  File("ca.key"), "-CAcreateserial", "-days", "2", "-extfile", File(name + ".ext"),
                  "-out", File(name + ".crt")});
    }
    if (!made.ok()) return made;
    std::ofstream bundle(File(name + ".pem"));
    bundle << std::ifstream(File(name + ".crt")).rdbuf()
           << std::ifstream(File(name + ".key")).rdbuf();
    return absl::OkStatus();
  }

  std::string File(const std::string& name) const { return (directory_ / name).string(); }

 private:
  absl::Status Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), openssl_);
    return RunProgram(arguments, absl::Seconds(20)).status();
  }

  std::string openssl_;
  std::filesystem::path directory_;
};

}  // namespace

absl::StatusOr<TlsFiles> MakeTlsFiles(const std::filesystem::path& directory) {
  std::optional<std::string> openssl = FindProgram("openssl");
  if (!openssl) return NotFoundError("openssl is not installed");
  Maker maker(*openssl, directory);
  absl::Status made = maker.MakeAuthority();
  std::string names = absl::StrCat("subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:", kTlsServerName,
                                   "\nextendedKeyUsage=serverAuth,clientAuth\n");
  if (made.ok()) made = maker.MakeCertificate("server", names);
  if (made.ok()) made = maker.MakeCertificate("client", "extendedKeyUsage=clientAuth\n");
  if (!made.ok()) return made;
  return TlsFiles{.ca = maker.File("ca.crt"),
                  .server_certificate = maker.File("server.crt"),
                  .server_key = maker.File("server.key"),
                  .server_bundle = maker.File("server.pem"),
                  .client_bundle = maker.File("client.pem")};
}

}  // namespace atestore
