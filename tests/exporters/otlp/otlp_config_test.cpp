#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "exporters/otlp/config.h"

namespace highwater::otlp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

TraceSettings with(std::map<std::string, std::string> variables, TraceConfig configured = {}) {
  return trace_settings(std::move(configured),
                        [&](const std::string& name) -> std::optional<std::string> {
                          const auto found = variables.find(name);
                          if (found == variables.end()) return std::nullopt;
                          return found->second;
                        });
}

TraceConfig configured(const std::string& endpoint) {
  TraceConfig config;
  config.endpoint = endpoint;
  return config;
}

TEST(TraceSettings, SendNothingUnlessAnEndpointIsGiven) {
  const auto settings = with({});
  EXPECT_EQ(settings.config.endpoint, "");
  EXPECT_THAT(settings.warnings, IsEmpty());
}

TEST(TraceSettings, AppendThePathToTheCommonEndpoint) {
  EXPECT_EQ(with({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://otel:4318/"}}).config.endpoint,
            "http://otel:4318/v1/traces");
  EXPECT_EQ(with({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://otel:4318/base"}}).config.endpoint,
            "http://otel:4318/base/v1/traces");
}

TEST(TraceSettings, TakeTheTracesEndpointAsItIs) {
  EXPECT_EQ(with({{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://otel:4318/in"},
                  {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://other:4318"}})
                .config.endpoint,
            "http://otel:4318/in");
}

TEST(TraceSettings, TakeTheConfiguredEndpointAndItsUsualPath) {
  EXPECT_EQ(with({}, configured("http://otel:4318")).config.endpoint, "http://otel:4318/v1/traces");
  EXPECT_EQ(with({}, configured("http://otel:4318/")).config.endpoint,
            "http://otel:4318/v1/traces");
  EXPECT_EQ(with({}, configured("http://otel:4318/in")).config.endpoint, "http://otel:4318/in");
}

TEST(TraceSettings, LetAVariableWinOverTheConfiguration) {
  EXPECT_EQ(with({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://env:4318"}}, configured("http://file"))
                .config.endpoint,
            "http://env:4318/v1/traces");
}

TEST(TraceSettings, AreOffWhenTheSdkIsDisabled) {
  EXPECT_EQ(with({{"OTEL_SDK_DISABLED", "TRUE"}}, configured("http://otel")).config.endpoint, "");
}

TEST(TraceSettings, AreOffWhenTheExporterIsNone) {
  EXPECT_EQ(with({{"OTEL_TRACES_EXPORTER", "none"}}, configured("http://otel")).config.endpoint,
            "");
}

TEST(TraceSettings, RefuseAnEndpointThatIsNoUrl) {
  const auto settings = with({{"OTEL_EXPORTER_OTLP_ENDPOINT", "otel:4317"}});
  EXPECT_EQ(settings.config.endpoint, "");
  EXPECT_THAT(settings.warnings, ElementsAre(HasSubstr("no traces are sent")));
}

TEST(TraceSettings, WarnOfAProtocolThatIsNotSpoken) {
  EXPECT_THAT(with({{"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}}).warnings,
              ElementsAre(HasSubstr("only http/protobuf")));
  EXPECT_THAT(with({{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"}}).warnings, IsEmpty());
}

TEST(TraceSettings, ReadHeaders) {
  EXPECT_THAT(with({{"OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%20b%3D, x = y "}}).config.headers,
              ElementsAre(Pair("api-key", "a b="), Pair("x", "y")));
  EXPECT_THAT(
      with({{"OTEL_EXPORTER_OTLP_HEADERS", "a=1"}, {"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "b=2"}})
          .config.headers,
      ElementsAre(Pair("b", "2")));
}

TEST(TraceSettings, ReadTheFilesOfTls) {
  const auto tls = with({{"OTEL_EXPORTER_OTLP_CERTIFICATE", "/etc/ca.pem"},
                         {"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "/etc/all.pem"},
                         {"OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE", "/etc/client.pem"},
                         {"OTEL_EXPORTER_OTLP_CLIENT_KEY", "/etc/client.key"}})
                       .config.tls;
  EXPECT_EQ(tls.ca_file, "/etc/ca.pem");
  EXPECT_EQ(tls.certificate, "/etc/client.pem");
  EXPECT_EQ(tls.key, "/etc/client.key");
}

TEST(TraceSettings, NeverRepeatHeadersInAWarning) {
  const auto settings = with({{"OTEL_EXPORTER_OTLP_HEADERS", "s3cret"}});
  EXPECT_THAT(settings.warnings, ElementsAre(testing::Not(HasSubstr("s3cret"))));
}

TEST(TraceSettings, ReadTimesAndSizes) {
  const auto config = with({{"OTEL_EXPORTER_OTLP_TIMEOUT", "1500"},
                            {"OTEL_BSP_SCHEDULE_DELAY", "200"},
                            {"OTEL_BSP_EXPORT_TIMEOUT", "3000"},
                            {"OTEL_BSP_MAX_QUEUE_SIZE", "100"},
                            {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "512"}})
                          .config;
  EXPECT_EQ(config.timeout, milliseconds(1500));
  EXPECT_EQ(config.delay, milliseconds(200));
  EXPECT_EQ(config.export_timeout, seconds(3));
  EXPECT_EQ(config.queue_size, 100);
  EXPECT_EQ(config.batch_size, 100);  // never more than the queue holds
}

TEST(TraceSettings, WarnOfNumbersThatAreNone) {
  const auto settings = with({{"OTEL_EXPORTER_OTLP_TIMEOUT", "10s"},
                              {"OTEL_BSP_MAX_QUEUE_SIZE", "0"},
                              {"OTEL_TRACES_SAMPLER_ARG", "nan"}});
  EXPECT_EQ(settings.config.timeout, seconds(10));
  EXPECT_EQ(settings.config.queue_size, 2048);
  EXPECT_EQ(settings.config.sampler.ratio, 0.01);
  EXPECT_THAT(settings.warnings.size(), 3);
}

TEST(TraceSettings, NameTheServiceAndWhereItRuns) {
  const auto resource = with({}).config.resource;
  EXPECT_THAT(resource, Contains(Pair("service.name", "highwater")));
  EXPECT_THAT(resource, Contains(Pair("service.version", HIGHWATER_VERSION)));
  EXPECT_THAT(resource, Contains(Pair("service.instance.id", testing::SizeIs(32))));
  EXPECT_THAT(resource, Contains(Pair("host.name", testing::Not(IsEmpty()))));
}

TEST(TraceSettings, AddResourceAttributesAndTheServiceNameWinsOverThem) {
  const auto resource = with({{"OTEL_RESOURCE_ATTRIBUTES", "service.name=a,env=prod%2Ceu"},
                              {"OTEL_SERVICE_NAME", "watch"}})
                            .config.resource;
  EXPECT_THAT(resource, Contains(Pair("service.name", "watch")));
  EXPECT_THAT(resource, Contains(Pair("env", "prod,eu")));
}

TEST(TraceSettings, ReadTheSampler) {
  const auto ratio = [](std::map<std::string, std::string> variables) {
    return with(std::move(variables)).config.sampler.ratio;
  };
  EXPECT_EQ(ratio({}), 0.01);
  EXPECT_EQ(ratio({{"OTEL_TRACES_SAMPLER", "always_on"}}), 1);
  EXPECT_EQ(ratio({{"OTEL_TRACES_SAMPLER", "always_off"}}), 0);
  EXPECT_EQ(ratio({{"OTEL_TRACES_SAMPLER", "parentbased_always_on"}}), 1);
  EXPECT_EQ(ratio({{"OTEL_TRACES_SAMPLER", "parentbased_traceidratio"},
                   {"OTEL_TRACES_SAMPLER_ARG", "0.25"}}),
            0.25);
  EXPECT_EQ(ratio({{"OTEL_TRACES_SAMPLER", "traceidratio"}}), 1);
  EXPECT_EQ(ratio({{"OTEL_TRACES_SAMPLER", "sometimes"}}), 0.01);
  EXPECT_EQ(ratio({{"OTEL_TRACES_SAMPLER_ARG", "0.5"}}), 0.5);
}

TEST(TraceSettings, TakeAnEmptyVariableForNone) {
  EXPECT_EQ(with({{"OTEL_EXPORTER_OTLP_ENDPOINT", " "}}, configured("http://file")).config.endpoint,
            "http://file/v1/traces");
}

TEST(Sampler, KeepsAboutItsShareByTheTraceIdAlone) {
  const Sampler sampler{0.25};
  int kept = 0;
  for (int i = 0; i < 4000; ++i) {
    const TraceId id = TraceId::random();
    EXPECT_EQ(sampler.keeps(id), sampler.keeps(id));
    if (sampler.keeps(id)) ++kept;
  }
  EXPECT_GT(kept, 800);
  EXPECT_LT(kept, 1200);
}

TEST(Sampler, KeepsAllOrNothingAtItsEnds) {
  TraceId highest;
  highest.bytes.fill(0xff);
  TraceId lowest;
  lowest.bytes[0] = 1;
  EXPECT_TRUE(Sampler{1}.keeps(highest));
  EXPECT_FALSE(Sampler{0}.keeps(lowest));
}

}  // namespace
}  // namespace highwater::otlp
