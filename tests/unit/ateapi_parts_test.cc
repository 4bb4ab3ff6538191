#include <functional>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "apps/ateapi/call_gate.h"
#include "apps/ateapi/error_details.h"
#include "apps/ateapi/flags.h"
#include "apps/ateapi/metrics.h"
#include "apps/ateapi/start_advice.h"
#include "apps/ateapi/token_keys.h"
#include "core/utf8.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/google_rpc.pb.h"
#include "store/error_info.h"

namespace atestore {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

absl::StatusOr<Flags> Parse(const std::vector<std::string>& arguments,
                            const std::map<std::string, std::string>& environment = {}) {
  absl::StatusOr<ParsedFlags> parsed =
      ParseFlags(arguments, [&](const std::string& name) -> std::optional<std::string> {
        const auto found = environment.find(name);
        if (found == environment.end()) return std::nullopt;
        return found->second;
      });
  if (!parsed.ok()) return parsed.status();
  return parsed->flags;
}

std::string ErrorOf(const absl::StatusOr<Flags>& flags) {
  return flags.ok() ? "no error" : std::string(flags.status().message());
}

TEST(Flags, DefaultIsTheEmbeddedStoreOnLoopback) {
  const absl::StatusOr<Flags> flags = Parse({});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_EQ(flags->grpc_listen_addr, "127.0.0.1:8443");
  EXPECT_TRUE(flags->redis_cluster_address.empty());
}

TEST(Flags, ReadsSeveralSeeds) {
  const absl::StatusOr<Flags> flags = Parse({"--redis-cluster-address", "a:1,b:2, [::1]:3"});
  ASSERT_TRUE(flags.ok()) << flags.status();
  ASSERT_EQ(flags->redis_cluster_address.size(), 3U);
  EXPECT_EQ(flags->redis_cluster_address[1], (Endpoint{"b", 2}));
  EXPECT_EQ(flags->redis_cluster_address[2], (Endpoint{"::1", 3}));
  EXPECT_THAT(ErrorOf(Parse({"--redis-cluster-address", "no-port"})),
              HasSubstr("--redis-cluster-address"));
}

// A variable of the environment that is set but empty must not turn off what the flag turns on.
TEST(Flags, RefusesEmptyValues) {
  for (const std::string flag :
       {"--redis-cluster-address", "--authorization-policy-file", "--page-token-key-file",
        "--grpc-server-cred-bundle", "--client-ca-certs", "--metrics-listen-addr"}) {
    for (const std::string value : {"", "@env"}) {
      const std::string said = ErrorOf(Parse({flag, value}, {{EnvironmentName(flag), ""}}));
      EXPECT_THAT(said, HasSubstr(flag + ": must not be empty")) << value;
    }
  }
  for (const std::string value : {",", " , ", "\n"}) {
    EXPECT_THAT(ErrorOf(Parse({"--redis-cluster-address", value})),
                HasSubstr("--redis-cluster-address"))
        << value;
  }
}

TEST(Flags, EnvReadsTheMatchingVariable) {
  EXPECT_EQ(EnvironmentName("--redis-cluster-address"), "ATE_API_REDIS_ADDRESS");
  EXPECT_EQ(EnvironmentName("--redis-password-file"), "ATE_API_REDIS_PASSWORD_FILE");
  const absl::StatusOr<Flags> flags =
      Parse({"--redis-cluster-address=@env", "--grpc-listen-addr", "@env"},
            {{"ATE_API_REDIS_ADDRESS", "r:7"}, {"ATE_API_GRPC_LISTEN_ADDR", "127.0.0.1:9"}});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_EQ(flags->redis_cluster_address[0].host, "r");
  EXPECT_EQ(flags->grpc_listen_addr, "127.0.0.1:9");
  EXPECT_THAT(ErrorOf(Parse({"--redis-username", "@env"})),
              HasSubstr("ATE_API_REDIS_USERNAME is not set"));
}

TEST(Flags, PlaintextStaysOnLoopbackUnlessAllowed) {
  for (const char* const address :
       {"0.0.0.0:1", "[::]:1", ":8443", "10.0.0.1:1", "localhost.x:1", "127.example.org:1"}) {
    EXPECT_THAT(ErrorOf(Parse({"--grpc-listen-addr", address})), HasSubstr("--allow-plaintext"))
        << address;
    EXPECT_TRUE(Parse({"--grpc-listen-addr", address, "--allow-plaintext"}).ok()) << address;
    EXPECT_TRUE(Parse({"--grpc-listen-addr", address, "--grpc-server-cred-bundle", "f",
                       "--client-ca-certs", "c"})
                    .ok());
  }
  for (const char* const address : {"localhost:1", "127.0.0.1:0", "127.9.9.9:1", "[::1]:1"}) {
    EXPECT_TRUE(Parse({"--grpc-listen-addr", address}).ok()) << address;
  }
}

TEST(Flags, WhoeverComesIsServedOnlyWhereThatIsSaid) {
  const std::vector<std::string> tls{"--grpc-listen-addr", "0.0.0.0:1", "--grpc-server-cred-bundle",
                                     "f"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), tls.begin(), tls.end());
    return Parse(more);
  };
  EXPECT_THAT(ErrorOf(with({})), HasSubstr("--allow-anonymous"));
  EXPECT_TRUE(with({"--allow-anonymous"}).ok());
  EXPECT_TRUE(with({"--client-ca-certs", "c"}).ok());
  EXPECT_THAT(ErrorOf(with({"--authorization-policy-file", "p"})), HasSubstr("--client-ca-certs"));
  EXPECT_TRUE(with({"--authorization-policy-file", "p", "--client-ca-certs", "c"}).ok());
  const std::vector<std::string> tokens{"--jwt-issuer",    "i", "--jwt-audience", "a",
                                        "--jwt-jwks-file", "k"};
  EXPECT_THAT(ErrorOf(with(tokens)), HasSubstr("--authorization-policy-file"));
  std::vector<std::string> both = tokens;
  both.insert(both.end(), {"--authorization-policy-file", "p"});
  EXPECT_TRUE(with(both).ok());
  both.emplace_back("--allow-anonymous");
  EXPECT_THAT(ErrorOf(with(both)), HasSubstr("exclude each other"));
  EXPECT_THAT(ErrorOf(with({"--jwt-issuer", "i"})), HasSubstr("given together"));
  // On loopback everything is as it was.
  EXPECT_TRUE(Parse({"--grpc-server-cred-bundle", "f"}).ok());
}

TEST(Flags, AddressesToListenOnAreHostAndPort) {
  for (const char* const flag : {"--grpc-listen-addr", "--metrics-listen-addr"}) {
    for (const char* const address : {"127.0.0.1", "127.0.0.1:99999", "127.0.0.1:x", "foo"}) {
      EXPECT_EQ(ErrorOf(Parse({flag, address})),
                absl::StrCat(flag, ": address \"", address, "\" is not host:port"));
    }
    EXPECT_TRUE(Parse({flag, "127.0.0.1:0"}).ok()) << flag;
  }
  EXPECT_TRUE(Parse({"--grpc-listen-addr", "unix:/run/ateapi"}).ok());
}

TEST(Flags, NumbersAreDecimal) {
  const absl::StatusOr<Flags> flags = Parse({"--demo-actors", "010"});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_EQ(flags->demo_actors, 10);
  for (const char* text : {"0x10", "nan", "", "1e3", "18446744073709551617", "-1"}) {
    EXPECT_EQ(ErrorOf(Parse({"--demo-actors", text})),
              absl::StrCat("--demo-actors: \"", text,
                           "\" is not a whole number from 0 to 10000000000; see ateapi --help"));
  }
}

TEST(Flags, RefusesWhatDoesNotFitTogether) {
  EXPECT_THAT(ErrorOf(Parse({"--client-ca-certs", "f"})), HasSubstr("--grpc-server-cred-bundle"));
  EXPECT_THAT(ErrorOf(Parse({"--demo-actors", "5", "--redis-cluster-address", "a:1"})),
              HasSubstr("embedded"));
  EXPECT_THAT(ErrorOf(Parse({"--redis-username", "u"})), HasSubstr("--redis-cluster-address"));
  EXPECT_THAT(ErrorOf(Parse({"--redis-username", "u", "--redis-cluster-address", "a:1"})),
              HasSubstr("--redis-password-file"));
  EXPECT_THAT(ErrorOf(Parse({"--unknown"})), HasSubstr("--unknown"));
}

TEST(TokenKeys, FirstKeySignsAllVerify) {
  const absl::StatusOr<std::vector<PageTokenKey>> keys =
      ParseTokenKeys("# rotated in May\n2:a secret of 16 b\n\n1:the:older:secret:is:longer\r\n");
  ASSERT_TRUE(keys.ok()) << keys.status();
  ASSERT_EQ(keys->size(), 2U);
  EXPECT_EQ((*keys)[0].id, 2);
  EXPECT_EQ((*keys)[0].secret, "a secret of 16 b");
  EXPECT_EQ((*keys)[1].id, 1);
  EXPECT_EQ((*keys)[1].secret, "the:older:secret:is:longer");
}

TEST(TokenKeys, ErrorsNameTheLineNotTheSecret) {
  for (const char* const text :
       {"", "# nothing\n", "no colon but a hush-hush", "0:hush-hush-hush-hush",
        "256:hush-hush-hush-hush", "x:hush-hush-hush-hush", "1:hush-short",
        "1:hush-hush-hush-hush\n1:hush-hush-hush-hush2"}) {
    const absl::StatusOr<std::vector<PageTokenKey>> keys = ParseTokenKeys(text);
    EXPECT_TRUE(absl::IsInvalidArgument(keys.status())) << text;
    EXPECT_THAT(std::string(keys.status().message()), Not(HasSubstr("hush")));
  }
}

google::rpc::Status DetailsOf(const absl::Status& status) {
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(SerializedErrorDetails(status)));
  return details;
}

TEST(ErrorDetails, CarryReasonDomainAndField) {
  const google::rpc::Status details = DetailsOf(WithErrorInfo(
      absl::InvalidArgumentError("page_size: -1"), {.reason = "NEGATIVE", .field = "page_size"}));
  EXPECT_EQ(details.code(), 3);
  EXPECT_EQ(details.message(), "page_size: -1");
  ASSERT_EQ(details.details_size(), 2);
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(details.details(0).UnpackTo(&info));
  EXPECT_EQ(details.details(0).type_url(), "type.googleapis.com/google.rpc.ErrorInfo");
  EXPECT_EQ(info.reason(), "NEGATIVE");
  EXPECT_EQ(info.domain(), "ateapi");
  google::rpc::BadRequest bad_request;
  ASSERT_TRUE(details.details(1).UnpackTo(&bad_request));
  ASSERT_EQ(bad_request.field_violations_size(), 1);
  EXPECT_EQ(bad_request.field_violations(0).field(), "page_size");
}

// Clients take 8 KiB of trailers: the message, percent-encoded, and the details in base64.
TEST(ErrorDetails, FitIntoTrailersWhateverTheMessageQuotes) {
  for (const std::string quoted : {"a", "\xff", "\u202e", "\u20ac", "%"}) {
    std::string text = "x";
    for (int i = 0; i < 100'000; ++i) text += quoted;
    const absl::Status status =
        WithErrorInfo(absl::InvalidArgumentError(text), {.reason = "BAD", .field = "filter"});
    const std::string message = MessageOf(status);
    EXPECT_TRUE(IsUtf8(message)) << quoted;
    EXPECT_LE(3 * message.size() + SerializedErrorDetails(status).size() * 4 / 3, 7000U) << quoted;
    EXPECT_THAT(message, EndsWith("…"));
  }
  const std::string whole(kMessageBytesMax, 'a');
  EXPECT_EQ(MessageOf(absl::InternalError(whole)), whole);
}

TEST(ErrorDetails, CarryMetadata) {
  const absl::Status status =
      WithErrorInfo(absl::PermissionDeniedError("no"),
                    {.reason = "ACCESS_DENIED", .field = "", .metadata = {{"permission", "x"}}});
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(SerializedErrorDetails(status)));
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(details.details(0).UnpackTo(&info));
  EXPECT_EQ(info.metadata().at("permission"), "x");
}

TEST(ErrorDetails, WaitingDoesNotTellWhatBecameOfAWrite) {
  for (const absl::Status& status : {absl::UnavailableError("x"), absl::AbortedError("x")}) {
    EXPECT_GT(RetryDelay(status), absl::ZeroDuration());
    EXPECT_EQ(RetryDelay(WithErrorInfo(status, {.reason = "WRITE_OUTCOME_UNKNOWN"})),
              absl::ZeroDuration());
  }
}

TEST(ErrorDetails, SayWhenToTryAgain) {
  const google::rpc::Status details = DetailsOf(absl::ResourceExhaustedError("busy"));
  ASSERT_EQ(details.details_size(), 2);
  google::rpc::RetryInfo retry;
  ASSERT_TRUE(details.details(1).UnpackTo(&retry));
  EXPECT_GT(retry.retry_delay().seconds() * 1'000'000'000 + retry.retry_delay().nanos(), 0);
  EXPECT_EQ(DetailsOf(absl::NotFoundError("gone")).details_size(), 1);
}

TEST(ErrorDetails, WhatRedisRefusesThisServiceIsNotTheCallersFault) {
  struct Case {
    absl::Status status;
    std::string reason;
  };
  for (const Case& entry : std::vector<Case>{
           {WithErrorInfo(absl::UnauthenticatedError("w"), {.reason = "REDIS_UNAUTHENTICATED"}),
            "REDIS_UNAUTHENTICATED"},
           {absl::UnauthenticatedError("w"), "REDIS_UNAUTHENTICATED"},
           {WithErrorInfo(absl::PermissionDeniedError("w"), {.reason = "STORE_ERROR"}),
            "REDIS_PERMISSION_DENIED"},
           {WithErrorInfo(absl::FailedPreconditionError("w"), {.reason = "FAILED_PRECONDITION"}),
            "REDIS_REFUSED"}}) {
    const absl::Status told = ForCaller(entry.status);
    EXPECT_TRUE(absl::IsUnavailable(told)) << told;
    EXPECT_EQ(told.message(), "w");
    EXPECT_EQ(ErrorReason(told), entry.reason);
  }
}

TEST(ErrorDetails, WhatTheCallerCanMendIsToldAsItIs) {
  for (const absl::Status& status :
       {absl::OkStatus(), absl::NotFoundError("w"),
        WithErrorInfo(absl::FailedPreconditionError("w"), {.reason = "ATESPACE_NOT_EMPTY"}),
        WithErrorInfo(absl::PermissionDeniedError("w"), {.reason = "DEBUG_CLEAR_DISABLED"})}) {
    EXPECT_EQ(ForCaller(status), status);
  }
}

TEST(ErrorDetails, EveryErrorHasAReason) {
  EXPECT_EQ(ErrorReason(absl::NotFoundError("")), "NOT_FOUND");
  EXPECT_EQ(ErrorReason(WithErrorInfo(absl::NotFoundError(""), {.reason = "ACTOR_NOT_FOUND"})),
            "ACTOR_NOT_FOUND");
}

TEST(StartAdvice, NamesTheFlags) {
  Flags plain;
  Flags tls;
  tls.redis_ca_certs = "ca";
  EXPECT_THAT(StartAdvice(absl::UnauthenticatedError("AUTH"), plain),
              HasSubstr("--redis-password-file"));
  EXPECT_THAT(StartAdvice(absl::UnavailableError("cannot connect"), plain),
              HasSubstr("--redis-cluster-address"));
  const absl::Status closed = absl::UnavailableError("the server closed the connection");
  EXPECT_THAT(StartAdvice(closed, plain), HasSubstr("--redis-ca-certs"));
  EXPECT_THAT(StartAdvice(closed, tls), Not(HasSubstr("--redis-ca-certs")));
  EXPECT_THAT(StartAdvice(absl::FailedPreconditionError("TLS: certificate verify failed"), tls),
              HasSubstr("--redis-tls-server-name"));
  EXPECT_EQ(StartAdvice(absl::FailedPreconditionError("not a cluster"), plain), "");
}

TEST(CallGate, TurnsCallsAwayOnceItIsClosed) {
  CallGate gate;
  EXPECT_TRUE(gate.WaitUntilEmpty(absl::InfinitePast()));
  EXPECT_TRUE(gate.Enter());
  gate.Close();
  EXPECT_FALSE(gate.Enter());
  EXPECT_FALSE(gate.WaitUntilEmpty(absl::InfinitePast()));
  gate.Leave();
  EXPECT_TRUE(gate.WaitUntilEmpty(absl::InfinitePast()));
}

TEST(CallGate, WakesWhoeverWaitsForTheLastCall) {
  CallGate gate;
  ASSERT_TRUE(gate.Enter());
  std::thread call([&gate] { gate.Leave(); });
  EXPECT_TRUE(gate.WaitUntilEmpty(absl::InfiniteFuture()));
  call.join();
}

TEST(CallGate, IsQuietSomeTimeAfterTheLastCallRefusedOrNot) {
  constexpr absl::Duration kQuiet = absl::Milliseconds(20);
  CallGate gate;
  gate.WaitUntilQuiet(absl::Hours(1), absl::InfiniteFuture());  // nobody has ever called
  const std::function<void()> noises[] = {[&] { EXPECT_TRUE(gate.Enter()); }, [&] { gate.Close(); },
                                          [&] { gate.Leave(); },
                                          [&] { EXPECT_FALSE(gate.Enter()); }};
  for (const std::function<void()>& make_noise : noises) {
    const absl::Time before = absl::Now();
    make_noise();
    gate.WaitUntilQuiet(kQuiet, absl::InfiniteFuture());
    EXPECT_GE(absl::Now() - before, kQuiet);
  }
  gate.WaitUntilQuiet(absl::Hours(1), absl::InfinitePast());  // returns, for its time is over
}

TEST(Metrics, CountWhatAPageTook) {
  Metrics metrics;
  EXPECT_THAT(metrics.Text(), HasSubstr("ateapi_list_slot_restarts_total 0\n"));
  EXPECT_THAT(metrics.Text(), HasSubstr("ateapi_redis_error_replies_total{kind=\"ASK\"} 0\n"));
  metrics.CountPage({.actors = 5, .skipped_records = 1, .slot_restarts = 2, .rereads = 3});
  metrics.CountRetry();
  const std::string text = metrics.Text();
  for (const char* const line :
       {"ateapi_list_pages_total 1\n", "ateapi_list_actors_total 5\n",
        "ateapi_list_skipped_records_total 1\n", "ateapi_list_slot_restarts_total 2\n",
        "ateapi_list_rereads_total 3\n", "ateapi_redis_retries_total 1\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

}  // namespace
}  // namespace atestore
