#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "apps/ateapi/authorization/audit.h"
#include "apps/ateapi/authorization/authorizer.h"
#include "apps/ateapi/error_details.h"
#include "core/status.h"
#include "proto/ateapi.pb.h"
#include "store/error_info.h"
#include "tests/support/jwt_signer.h"

namespace atestore {
namespace {

constexpr std::string_view kPolicy = R"(bindings:
- subjects: ["jwt:v", "spiffe://d/ns/a"]
  role: viewer
  atespaces: [one]
- subjects: ["cn:e"]
  role: editor
  atespaces: [one, two]
- subjects: ["dns:a.example"]
  role: admin
  atespaces: ["*"]
)";

Subject Named(std::string name) { return {.names = {std::move(name)}}; }

std::string ProblemOf(const std::string& text) {
  absl::StatusOr<Policy> policy = Policy::Parse(text);
  if (policy.ok()) return "none";
  EXPECT_TRUE(absl::IsInvalidArgument(policy.status()));
  EXPECT_EQ(policy.status().message().find('\n'), absl::string_view::npos);
  return std::string(policy.status().message());
}

TEST(PolicyTest, GrantsWhatABindingSaysAndNothingElse) {
  absl::StatusOr<Policy> policy = Policy::Parse(std::string(kPolicy));
  ASSERT_TRUE(policy.ok()) << policy.status();
  EXPECT_EQ(policy->bindings(), 3U);
  struct Row {
    const char* subject;
    Permission permission;
    const char* atespace;
    bool allowed;
  };
  for (const Row& row :
       std::initializer_list<Row>{{"jwt:v", Permission::kGetActors, "one", true},
                                  {"jwt:v", Permission::kListActors, "one", true},
                                  {"jwt:v", Permission::kCountActors, "one", true},
                                  {"jwt:v", Permission::kGetAtespaces, "one", true},
                                  {"jwt:v", Permission::kListActors, "two", false},
                                  {"jwt:v", Permission::kListActors, "", false},
                                  {"jwt:v", Permission::kUpdateActors, "one", false},
                                  {"spiffe://d/ns/a", Permission::kGetActors, "one", true},
                                  {"spiffe://d/ns/a/", Permission::kGetActors, "one", false},
                                  {"cn:v", Permission::kGetActors, "one", false},
                                  {"cn:e", Permission::kCreateActors, "two", true},
                                  {"cn:e", Permission::kDeleteActors, "one", true},
                                  {"cn:e", Permission::kDeleteAtespaces, "one", false},
                                  {"cn:e", Permission::kListAtespaces, "", false},
                                  {"dns:a.example", Permission::kListActors, "", true},
                                  {"dns:a.example", Permission::kCreateAtespaces, "new", true},
                                  {"dns:a.example", Permission::kDebug, "", true},
                                  {"dns:b.example", Permission::kGetActors, "one", false}}) {
    EXPECT_EQ(policy->Allows(Named(row.subject), row.permission, row.atespace), row.allowed)
        << row.subject << " " << ToString(row.permission) << " " << row.atespace;
  }
  EXPECT_FALSE(policy->Allows({}, Permission::kGetActors, "one"));
  // Each name of a certificate counts.
  EXPECT_TRUE(policy->Allows({.names = {"cn:x", "cn:e"}}, Permission::kCreateActors, "one"));
}

TEST(PolicyTest, MistakesAreToldWithTheirLine) {
  const std::string good(kPolicy);
  EXPECT_EQ(ProblemOf(good + "- role: viewer\n"), "line 11: \"subjects\" is missing");
  EXPECT_EQ(ProblemOf(good + "- subjects: [\"cn:x\"]\n  role: owner\n"),
            "line 12: role: \"owner\" must be viewer, editor or admin");
  EXPECT_EQ(
      ProblemOf("bindings:\n- subjects: [alice]\n"),
      "line 2: subjects: \"alice\" is not a subject: it must begin with spiffe://, uri:, dns:, "
      "cn: or jwt: and hold no white space");
  EXPECT_EQ(ProblemOf("bindings:\n- atespaces:\n  - ok\n  - Not_ok\n"),
            "line 4: atespaces: \"Not_ok\" is neither an atespace name nor \"*\"");
  EXPECT_EQ(ProblemOf("bindings: []\nbinding: []\n"),
            "line 2: \"binding\" is unknown here; known: bindings");
  EXPECT_EQ(ProblemOf("bindings: []\nbindings: []\n"), "line 2: \"bindings\" appears twice");
  EXPECT_EQ(ProblemOf("bindings:\n- subjects: []\n"), "line 2: subjects: must be a non-empty list");
  EXPECT_EQ(ProblemOf("bindings: 1\n"), "line 1: bindings: must be a list");
  EXPECT_EQ(ProblemOf("{}"), "line 1: \"bindings\" is missing");
  EXPECT_EQ(ProblemOf("bindings: []"), "none") << "nobody may do anything";
  for (const char* text :
       {"", "a", "[]", "a: b: c", "bindings: [", "--- {}\n--- {}\n", "\t", "%", ",,,a"}) {
    EXPECT_TRUE(ProblemOf(text).starts_with("line ")) << text << ": " << ProblemOf(text);
  }
  // The parser's own words quote the file.
  EXPECT_EQ(ProblemOf("a: \"\\\xff\""), "line 1: unknown escape character: %FF");
  EXPECT_EQ(ProblemOf("a: \"\\\x01\""), "line 1: unknown escape character: %01");
  EXPECT_FALSE(Policy::Parse(std::string(kPolicyBytesMax + 1, '#')).ok());
  EXPECT_FALSE(Policy::Parse(std::string(100'000, '[')).ok()) << "deep, and refused in time";
}

TEST(SubjectTest, CertificatesAndTokensCannotStandInForEachOther) {
  const Subject subject = SubjectOfCertificate({.uris = {"spiffe://d/x", "https://x", "jwt:v"},
                                                .dns_names = {"x.example"},
                                                .common_names = {"jwt:v", "", "with space"},
                                                .authorizations = {}});
  EXPECT_EQ(subject.names, (std::vector<std::string>{"spiffe://d/x", "uri:https://x", "uri:jwt:v",
                                                     "dns:x.example", "cn:jwt:v"}));
  EXPECT_EQ(ToLogText({.names = {"cn:a\xc3\xa9,\"%"}}), "cn:a%C3%A9,%22%25");
}

TEST(SubjectTest, BearerTokens) {
  CallCredentials credentials;  // outlives the views of it
  const auto token = [&credentials](std::vector<std::string> values) {
    credentials.authorizations = std::move(values);
    return BearerToken(credentials);
  };
  EXPECT_EQ(**token({"Bearer abc"}), "abc");
  EXPECT_EQ(**token({"bearer abc"}), "abc");
  EXPECT_EQ(*token({}), std::nullopt);
  EXPECT_TRUE(absl::IsUnauthenticated(token({"Basic abc"}).status()));
  EXPECT_TRUE(absl::IsUnauthenticated(token({"Bearer"}).status()));
  EXPECT_TRUE(absl::IsUnauthenticated(token({"Bearer a", "Bearer a"}).status()));
}

TEST(PermissionTest, EveryMethodOfTheServiceHasOne) {
  const google::protobuf::ServiceDescriptor* service =
      ateapi::Actor::descriptor()->file()->FindServiceByName("Control");
  ASSERT_NE(service, nullptr);
  for (int i = 0; i < service->method_count(); ++i) {
    const std::string& name = service->method(i)->name();
    ASSERT_TRUE(PermissionOf(name)) << name;
    const bool reads = name.starts_with("Get") || name.starts_with("List") ||
                       name.starts_with("Read") || name.starts_with("Count") ||
                       name.starts_with("Partition");
    EXPECT_EQ(IsWrite(*PermissionOf(name)), !reads) << name;
    EXPECT_EQ(RoleNeededFor(*PermissionOf(name)) == Role::kViewer, reads) << name;
  }
  EXPECT_FALSE(PermissionOf("listactors"));
}

class AuthorizerTest : public ::testing::Test {
 protected:
  AuthorizerTest() : directory_(std::filesystem::temp_directory_path() / MakeName()) {
    std::filesystem::create_directories(directory_);
  }
  ~AuthorizerTest() override { std::filesystem::remove_all(directory_); }

  static std::string MakeName() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    return absl::StrCat("authorizer_test_", test->name(), "_", getpid());
  }
  std::string Path(const std::string& name) { return (directory_ / name).string(); }
  // By rename, as deployments do.
  void Write(const std::string& name, std::string_view content) {
    std::ofstream(Path("new"), std::ios::binary) << content;
    std::filesystem::rename(Path("new"), Path(name));
  }
  absl::StatusOr<std::unique_ptr<Authorizer>> Open(bool tokens) {
    AuthorizerOptions options{.policy_file = Path("policy"),
                              .jwt = std::nullopt,
                              .jwks_file = Path("jwks"),
                              .on_policy_reload = [this](const absl::Status& s) { policy_ = s; },
                              .on_jwks_reload = [this](const absl::Status& s) { jwks_ = s; }};
    if (tokens) options.jwt = JwtExpectation{.issuer = "i", .audience = "a"};
    return Authorizer::Open(options);
  }

  const std::filesystem::path directory_;
  const JwtSigner signer_{JwtSigner::Kind::kEd25519, "k"};
  const absl::Time now_ = absl::FromUnixSeconds(1000);
  absl::Status policy_ = absl::UnknownError("not reloaded");
  absl::Status jwks_ = absl::UnknownError("not reloaded");
};

TEST_F(AuthorizerTest, APolicyWithAMistakeKeepsTheOldOne) {
  Write("policy", kPolicy);
  auto authorizer = Open(false);
  ASSERT_TRUE(authorizer.ok()) << authorizer.status();
  const auto allowed = [&] {
    return (*authorizer)->Check(Named("jwt:v"), Permission::kGetActors, "one").ok();
  };
  EXPECT_TRUE(allowed());
  Write("policy", "bindings: [");
  (*authorizer)->Refresh();
  EXPECT_TRUE(absl::IsInvalidArgument(policy_)) << policy_;
  EXPECT_NE(policy_.message().find("line 1"), absl::string_view::npos);
  EXPECT_TRUE(allowed());
  std::filesystem::remove(Path("policy"));
  (*authorizer)->Refresh();
  EXPECT_TRUE(absl::IsNotFound(policy_)) << policy_;
  EXPECT_TRUE(allowed());
  Write("policy", "bindings: []");
  (*authorizer)->Refresh();
  EXPECT_TRUE(policy_.ok()) << policy_;
  EXPECT_FALSE(allowed());
}

TEST_F(AuthorizerTest, AStartWithAMistakeNamesFlagFileAndLine) {
  EXPECT_TRUE(absl::IsNotFound(Open(false).status()));
  Write("policy", "bindings:\n- x: 1\n");
  absl::Status status = Open(false).status();
  EXPECT_NE(status.message().find("--authorization-policy-file: "), absl::string_view::npos);
  EXPECT_NE(status.message().find("/policy: line 2: "), absl::string_view::npos) << status;
  Write("policy", kPolicy);
  Write("jwks", "{}");
  status = Open(true).status();
  EXPECT_NE(status.message().find("--jwt-jwks-file: "), absl::string_view::npos) << status;
}

TEST_F(AuthorizerTest, TokensAreTakenOnlyWhereTheyAreVerified) {
  Write("policy", kPolicy);
  Write("jwks", absl::StrCat("{\"keys\":[", signer_.Jwk(), "]}"));
  CallCredentials credentials{
      .uris = {"spiffe://d/ns/a"}, .dns_names = {}, .common_names = {}, .authorizations = {}};
  auto without = Open(false);
  auto with = Open(true);
  ASSERT_TRUE(without.ok() && with.ok()) << with.status();
  EXPECT_EQ((*with)->Identify(credentials, now_)->names.front(), "spiffe://d/ns/a");
  credentials.authorizations = {"Bearer " +
                                signer_.Sign(R"({"iss":"i","aud":"a","sub":"v","exp":1001})")};
  EXPECT_EQ((*with)->Identify(credentials, now_)->names, (std::vector<std::string>{"jwt:v"}));
  absl::Status refused = (*without)->Identify(credentials, now_).status();
  EXPECT_EQ(GetErrorInfo(refused)->reason, "TOKENS_NOT_TAKEN");
  // Whoever passes a bad token on is not asked instead.
  refused = (*with)->Identify(credentials, now_ + absl::Hours(1)).status();
  EXPECT_EQ(GetErrorInfo(refused)->reason, "TOKEN_EXPIRED");

  const JwtSigner next(JwtSigner::Kind::kEc, "next");
  Write("jwks", absl::StrCat("{\"keys\":[", next.Jwk(), "]}"));
  (*with)->Refresh();
  EXPECT_TRUE(jwks_.ok()) << jwks_;
  refused = (*with)->Identify(credentials, now_).status();
  EXPECT_EQ(GetErrorInfo(refused)->reason, "TOKEN_KEY_UNKNOWN");
}

TEST_F(AuthorizerTest, ADenialTellsPermissionAndAtespaceAndNothingElse) {
  Write("policy", kPolicy);
  auto authorizer = Open(false);
  ASSERT_TRUE(authorizer.ok());
  absl::Status denied = (*authorizer)->Check(Named("jwt:v"), Permission::kListActors, "");
  EXPECT_TRUE(absl::IsPermissionDenied(denied));
  std::optional<ErrorInfo> info = GetErrorInfo(denied);
  EXPECT_EQ(info->reason, "ACCESS_DENIED");
  EXPECT_EQ(info->metadata,
            (std::map<std::string, std::string>{{"permission", "actors.list"}, {"atespace", "*"}}));
  EXPECT_EQ(ForCaller(denied), denied) << "it is not taken for a refusal by Redis";
  absl::Status nobody = (*authorizer)->Check({}, Permission::kListActors, "one");
  EXPECT_TRUE(absl::IsUnauthenticated(nobody));
  EXPECT_EQ(GetErrorInfo(nobody)->reason, "IDENTITY_REQUIRED");
  EXPECT_EQ(ForCaller(nobody), nobody);
}

TEST(AuditTest, WritesAndDenialsLeaveALineWithoutBodies) {
  const Subject subject = Named("cn:e v\n");
  AuditedCall call{.subject = &subject,
                   .method = "CreateActor",
                   .permission = Permission::kCreateActors,
                   .atespace = "one",
                   .name = "a\nevent=audit\xe2\x80\xa8"};
  EXPECT_TRUE(IsAudited(call, absl::OkStatus()));
  EXPECT_EQ(AuditText(call, absl::OkStatus()),
            "event=audit who=cn:e%20v%0A method=CreateActor permission=actors.create atespace=one "
            "name=a%0Aevent%3Daudit%E2%80%A8 code=OK reason=-");
  call = {.subject = nullptr,
          .method = "ListActors",
          .permission = Permission::kListActors,
          .atespace = "",
          .name = ""};
  EXPECT_FALSE(IsAudited(call, absl::OkStatus()));
  EXPECT_FALSE(IsAudited(call, absl::UnavailableError("x")));
  absl::Status refused =
      WithErrorInfo(absl::UnauthenticatedError("x"), {.reason = "TOKEN_EXPIRED"});
  EXPECT_TRUE(IsAudited(call, refused));
  EXPECT_EQ(AuditText(call, refused),
            "event=audit who=unidentified method=ListActors permission=actors.list atespace=* "
            "name=- code=UNAUTHENTICATED reason=TOKEN_EXPIRED");
}

}  // namespace
}  // namespace atestore
