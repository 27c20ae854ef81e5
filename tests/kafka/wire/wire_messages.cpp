#include "tests/kafka/wire/wire_messages.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <ranges>
#include <stdexcept>

namespace highwater::kafka {
namespace {

Bytes read_hex(const std::filesystem::path& path) {
  Bytes bytes;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    for (std::size_t i = 0; i + 1 < line.size(); i += 2) {
      bytes.push_back(static_cast<std::byte>(std::stoi(line.substr(i, 2), nullptr, 16)));
    }
  }
  return bytes;
}

// "Metadata.v12.named.response"
CapturedFrame read_frame(const std::filesystem::path& path) {
  CapturedFrame frame;
  frame.name = path.stem();
  const std::size_t dot = frame.name.find('.');
  const auto api = std::ranges::find_if(implemented_apis(), [&](const ApiVersionRange& range) {
    return api_name(range.api_key) == frame.name.substr(0, dot);
  });
  if (api == implemented_apis().end()) throw std::runtime_error(frame.name + ": unknown API");
  frame.api_key = api->api_key;
  frame.version = static_cast<std::int16_t>(std::stoi(frame.name.substr(dot + 2)));
  frame.response = frame.name.ends_with(".response");
  frame.bytes = read_hex(path);
  return frame;
}

}  // namespace

Bytes CapturedFrame::body() const {
  const auto rest = response ? decode_response_header(payload(), api_key, version).value().body
                             : decode_request_header(payload()).value().body;
  return {rest.begin(), rest.end()};
}

const std::vector<CapturedFrame>& captured_frames() {
  static const std::vector<CapturedFrame> frames = [] {
    std::vector<CapturedFrame> read;
    for (const auto& entry : std::filesystem::directory_iterator(HIGHWATER_FRAMES)) {
      read.push_back(read_frame(entry.path()));
    }
    std::ranges::sort(read, {}, &CapturedFrame::name);
    return read;
  }();
  return frames;
}

const CapturedFrame& captured_frame(const std::string& name) {
  const auto found = std::ranges::find(captured_frames(), name, &CapturedFrame::name);
  if (found == captured_frames().end()) throw std::runtime_error("no captured frame " + name);
  return *found;
}

}  // namespace highwater::kafka
